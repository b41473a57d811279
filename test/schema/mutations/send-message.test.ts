import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const SEND = graphql(`
  mutation Send($input: SendMessageInput!) {
    sendMessage(input: $input) {
      __typename
      ... on SendMessagePayload {
        session { id version messageCount historyLength }
        messages {
          id
          position
          role
          content
          name
          toolCallId
          payload
          metadata
          usage { inputTokens outputTokens costUsd }
          session { id historyLength }
        }
      }
      ... on SessionNotFoundError { message sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { message reason expectedVersion actualVersion }
    }
  }
`);

test('an exchange is one user message and one answer, which has the usage', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'chat' });
  const usage = { inputTokens: 9_007_199_254_740_991, outputTokens: 2, costUsd: 0.25 };
  const { sendMessage } = await createApi(store).query(SEND, {
    input: { sessionId: 'chat', message: 'What is 6 × 7?', response: '42', usage, expectedVersion: 1 },
  });
  const bare = { name: null, toolCallId: null, payload: null, metadata: {} };
  const session = { id: 'chat', historyLength: 2 };
  expect(sendMessage).toEqual({
    __typename: 'SendMessagePayload',
    session: { ...session, version: 2, messageCount: 1 },
    messages: [
      { ...bare, id: 'chat:0', position: 0, role: 'USER', content: 'What is 6 × 7?', usage: null, session },
      { ...bare, id: 'chat:1', position: 1, role: 'ASSISTANT', content: '42', usage, session },
    ],
  });
});

test('sendMessage to a session that is not there is a SessionNotFoundError', async () => {
  const { sendMessage } = await createApi(await openTestRepository()).query(SEND, {
    input: { sessionId: 'nowhere', message: 'a', response: 'b' },
  });
  expect(sendMessage).toEqual({
    __typename: 'SessionNotFoundError',
    message: 'There is no session "nowhere".',
    sessionId: 'nowhere',
  });
});

test('an exchange that cannot be stored is not recorded in part', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'chat' });
  const { sendMessage } = await createApi(store).query(SEND, {
    input: {
      sessionId: 'chat',
      message: 'fine',
      response: 'x'.repeat(1024 * 1024 + 1),
      usage: { inputTokens: -1, outputTokens: 0 },
      expectedVersion: 0,
    },
  });
  expect(sendMessage).toEqual({
    __typename: 'InvalidInputError',
    issues: [
      {
        path: ['input', 'response'],
        message: 'expected at most 1048576 bytes of UTF-8 (the limit contentBytes), got 1048577',
      },
      { path: ['input', 'usage', 'inputTokens'], message: 'expected 0 or more, got -1' },
      { path: ['input', 'expectedVersion'], message: 'expected 1 or more (versions start at 1), got 0' },
    ],
  });
  const [session] = await store.findMany(['chat']);
  expect(session).toMatchObject({ version: 1, historyLength: 0 });
});

test('sendMessage with a version that was passed is a ConflictError, and changes nothing', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'chat' });
  const api = createApi(store);
  const input = { sessionId: 'chat', message: 'a', response: 'b', expectedVersion: 1 };
  await api.query(SEND, { input });
  const { sendMessage } = await api.query(SEND, { input });
  expect(sendMessage).toEqual({
    __typename: 'ConflictError',
    message: 'The session "chat" is at version 2, not 1. Read it again and decide anew.',
    reason: 'VERSION',
    expectedVersion: 1,
    actualVersion: 2,
  });
  const [session] = await store.findMany(['chat']);
  expect(session).toMatchObject({ version: 2, historyLength: 2 });
});
