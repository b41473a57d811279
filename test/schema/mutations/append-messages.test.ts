import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const APPEND = graphql(`
  mutation Append($input: AppendMessagesInput!) {
    appendMessages(input: $input) {
      __typename
      ... on AppendMessagesPayload {
        session { version messageCount historyLength }
        messages { id role content name toolCallId payload usage { inputTokens } metadata createdAt }
      }
      ... on SessionNotFoundError { sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { reason actualVersion }
    }
  }
`);

test('messages of every role are appended as they were given', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'run' });
  const { appendMessages } = await createApi(store).query(APPEND, {
    input: {
      sessionId: 'run',
      messages: [
        { role: 'SYSTEM', content: 'Be brief.', createdAt: '2026-01-31T10:30:00.5+01:00' },
        { role: 'USER', content: 'Weather?', name: 'ada', metadata: { via: 'phone' } },
        { role: 'ASSISTANT', content: '', payload: [{ type: 'tool_call', id: 'c1' }] },
        { role: 'TOOL', content: 'sunny', name: 'weather', toolCallId: 'c1', payload: 'raw' },
      ],
    },
  });
  const bare = { name: null, toolCallId: null, payload: null, usage: null, metadata: {} };
  expect(appendMessages).toMatchObject({
    __typename: 'AppendMessagesPayload',
    session: { version: 2, messageCount: 1, historyLength: 4 },
    messages: [
      { ...bare, id: 'run:0', role: 'SYSTEM', content: 'Be brief.', createdAt: '2026-01-31T09:30:00.500Z' },
      { ...bare, id: 'run:1', role: 'USER', content: 'Weather?', name: 'ada', metadata: { via: 'phone' } },
      { ...bare, id: 'run:2', role: 'ASSISTANT', content: '', payload: [{ type: 'tool_call', id: 'c1' }] },
      {
        ...bare,
        id: 'run:3',
        role: 'TOOL',
        content: 'sunny',
        name: 'weather',
        toolCallId: 'c1',
        payload: 'raw',
      },
    ],
  });
});

test('each fault of a message is an issue of appendMessages with its path', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'run' });
  const { appendMessages } = await createApi(store).query(APPEND, {
    input: {
      sessionId: 'run',
      messages: [
        { role: 'USER', content: 'fine' },
        { role: 'USER', content: 'a\0b', name: 'n'.repeat(257), metadata: { big: 'x'.repeat(262_144) } },
      ],
    },
  });
  expect(appendMessages).toEqual({
    __typename: 'InvalidInputError',
    issues: [
      {
        path: ['input', 'messages', '1', 'content'],
        message: expect.stringMatching(
          /^expected well-formed Unicode without NUL, got a string of \d+ characters with /,
        ),
      },
      {
        path: ['input', 'messages', '1', 'name'],
        message: 'expected at most 256 characters (the limit nameLength), got 257',
      },
      {
        path: ['input', 'messages', '1', 'metadata'],
        message: 'expected at most 262144 bytes as JSON (the limit metadataBytes), got 262154',
      },
    ],
  });
  expect(await store.findMany(['run'])).toMatchObject([{ historyLength: 0, version: 1 }]);
});

test.each([
  [0, 'expected at least one message, got an empty list'],
  [
    1_001,
    'expected at most 1000 messages (the limit messages), got 1001. Append them with several mutations',
  ],
])('appendMessages refuses %i messages', async (count, message) => {
  const store = await openTestRepository();
  await store.create({ id: 'run' });
  const messages = Array.from({ length: count }, () => ({ role: 'USER' as const, content: 'again' }));
  const { appendMessages } = await createApi(store).query(APPEND, { input: { sessionId: 'run', messages } });
  expect(appendMessages).toEqual({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', 'messages'], message }],
  });
});

test('appendMessages to a session that is not there, or with a version that was passed, is a typed error', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'run' });
  const api = createApi(store);
  const messages = [{ role: 'USER' as const, content: 'hi' }];
  const nowhere = await api.query(APPEND, { input: { sessionId: 'nowhere', messages } });
  expect(nowhere.appendMessages).toEqual({ __typename: 'SessionNotFoundError', sessionId: 'nowhere' });
  const passed = await api.query(APPEND, { input: { sessionId: 'run', messages, expectedVersion: 7 } });
  expect(passed.appendMessages).toEqual({ __typename: 'ConflictError', reason: 'VERSION', actualVersion: 1 });
});
