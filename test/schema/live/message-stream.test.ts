import { describe, expect, test } from 'vitest';
import type { StreamMessageInput } from '../../generated/graphql.ts';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';
import { answerTo, openSubscription } from './subscription.ts';

const STREAM = graphql(`
  mutation StreamMessage($input: StreamMessageInput!) {
    streamMessage(input: $input) {
      __typename
      ... on StreamMessagePayload { watchers }
      ... on Error { message }
      ... on ConflictError { reason key }
      ... on StorageError { isRetryable }
    }
  }
`);

const WATCH = graphql(`
  subscription MessageStream($sessionId: ID!) {
    messageStream(sessionId: $sessionId) {
      key role isWhole delta reasoningDelta chunks isDone
      message { id position content session { id version } }
    }
  }
`);

const APPEND = graphql(`
  mutation AppendDraft($input: AppendMessagesInput!) {
    appendMessages(input: $input) { __typename ... on Error { message } }
  }
`);

async function openChat(limits = {}) {
  const repository = await openTestRepository();
  await repository.create({ id: 'chat' });
  const api = createApi(repository, limits);
  const stream = async (input: Partial<StreamMessageInput>) =>
    (await api.query(STREAM, { input: { sessionId: 'chat', key: 'answer', ...input } })).streamMessage;
  const watch = () => openSubscription(repository, WATCH, { sessionId: 'chat' });
  return { repository, api, stream, watch };
}

const PAYLOAD = (watchers: number) => ({ __typename: 'StreamMessagePayload', watchers });

test('what an agent says reaches whoever watches, and ends with the message that is written', async () => {
  const { api, stream, watch } = await openChat();
  const watcher = await watch();
  const first = watcher.next();
  expect(await stream({ delta: 'Lis', reasoningDelta: 'Warm?', chunks: [{ n: 1 }], sequence: 1 })).toEqual(
    PAYLOAD(1),
  );
  expect(await first).toEqual({
    messageStream: {
      ...{ key: 'answer', role: 'ASSISTANT', isWhole: true, isDone: false, message: null },
      ...{ delta: 'Lis', reasoningDelta: 'Warm?', chunks: [{ n: 1 }] },
    },
  });
  await stream({ delta: 'bon', sequence: 2 });
  await stream({ delta: 'bon', sequence: 2 });
  const messages = [{ role: 'ASSISTANT' as const, content: 'Lisbon', key: 'answer' }];
  expect(await api.query(APPEND, { input: { sessionId: 'chat', messages } })).toEqual({
    appendMessages: { __typename: 'AppendMessagesPayload' },
  });
  expect((await watcher.next())!.messageStream).toMatchObject({
    ...{ isWhole: false, delta: 'bon', isDone: true },
    message: { id: 'chat:0', content: 'Lisbon', session: { id: 'chat', version: 2 } },
  });
});

test('a message that writeHistory writes ends its draft, in a session that is named by its key', async () => {
  const { repository, api, stream, watch } = await openChat();
  await repository.update({ sessionId: 'chat', key: 'ticket' });
  await stream({ delta: 'Hello', role: 'USER' });
  const watcher = await watch();
  expect((await watcher.next())!.messageStream).toMatchObject({ role: 'USER', delta: 'Hello' });
  await api.send(`mutation {
    writeHistory(input: { key: "ticket", messages: [{ role: USER, content: "Hello", key: "answer" }] }) { __typename }
  }`);
  expect((await watcher.next())!.messageStream).toMatchObject({
    ...{ delta: '', isDone: true },
    message: { content: 'Hello' },
  });
});

test('a draft that ends without its message has none', async () => {
  const { stream, watch } = await openChat();
  const watcher = await watch();
  const first = watcher.next();
  await stream({ content: 'Never mind.', isDone: true });
  expect((await first)!.messageStream).toMatchObject({ delta: 'Never mind.', isDone: true, message: null });
});

test('each event is read anew, however long the stream', async () => {
  const { repository, api, stream, watch } = await openChat();
  const watcher = await watch();
  for (const version of [2, 3, 4]) {
    const key = `k${version}`;
    const event = watcher.next();
    await stream({ key, delta: 'x' });
    await event;
    await api.query(APPEND, { input: { sessionId: 'chat', messages: [{ role: 'USER', key }] } });
    expect((await watcher.next())!.messageStream.message).toMatchObject({ session: { version } });
  }
  expect((await repository.findMany(['chat']))[0]!.version).toBe(4);
});

test('a watcher that leaves is counted no more, even while it waits', async () => {
  const { stream, watch } = await openChat();
  const watcher = await watch();
  expect(await stream({ delta: 'a' })).toEqual(PAYLOAD(0));
  await watcher.next();
  const waiting = watcher.next();
  expect(await stream({})).toEqual(PAYLOAD(1));
  await waiting;
  const last = watcher.nextResult();
  await watcher.close();
  expect(await last).toBeUndefined();
  expect(await stream({ delta: 'b' })).toEqual(PAYLOAD(0));
});

test('the stream ends once the session is deleted', async () => {
  const { api, stream, watch } = await openChat();
  const watcher = await watch();
  const first = watcher.next();
  await stream({ delta: 'a' });
  await first;
  const last = watcher.nextResult();
  await api.send('mutation { deleteSession(input: { sessionId: "chat" }) { __typename } }');
  expect(await last).toBeUndefined();
  expect(await stream({ delta: 'b' })).toMatchObject({ __typename: 'SessionNotFoundError' });
});

test('a stream that is never read leaves nothing behind', async () => {
  const { stream, watch } = await openChat();
  for (let n = 0; n < 100; n += 1) await watch();
  expect(await stream({ delta: 'a' })).toEqual(PAYLOAD(0));
});

describe('streamMessage is refused', () => {
  test('for a session that is not there, or archived', async () => {
    const { repository, stream } = await openChat();
    expect(await stream({ sessionId: 'none' })).toMatchObject({ __typename: 'SessionNotFoundError' });
    await repository.archive({ sessionId: 'chat', subtree: false, archived: true });
    expect(await stream({})).toMatchObject({ __typename: 'SessionArchivedError' });
  });

  test.each<[Partial<StreamMessageInput>, string]>([
    [{ key: '' }, 'input.key: expected at least one character, got an empty string'],
    [{ content: 'a', delta: 'b' }, 'input.delta: expected either "content" or "delta", got both'],
    [
      { delta: 'a\0' },
      'input.delta: expected well-formed Unicode without NUL, got a string of 2 characters with NUL as character 2',
    ],
    [
      { delta: 'x'.repeat(101) },
      'input.delta: expected at most 100 bytes of UTF-8 (the limit draftBytes), got 101',
    ],
  ])('for an input that breaks a rule: %#', async (input, message) => {
    const { stream } = await openChat({ draftBytes: 100 });
    expect(await stream(input)).toEqual({ __typename: 'InvalidInputError', message });
  });

  test('if there is no room for another draft', async () => {
    const { stream } = await openChat({ drafts: 1 });
    expect(await stream({})).toEqual(PAYLOAD(0));
    expect(await stream({ key: 'other' })).toMatchObject({ __typename: 'StorageError', isRetryable: true });
  });

  test('once the history has a message with its key, and then nothing is shown', async () => {
    const { repository, stream, watch } = await openChat();
    await repository.append({ sessionId: 'chat', messages: [{ role: 'USER', content: 'a', key: 'answer' }] });
    const watcher = await watch();
    const first = watcher.next();
    expect(await stream({ delta: 'too late' })).toEqual({
      ...{ __typename: 'ConflictError', reason: 'KEY', key: 'answer' },
      message: 'The message "chat:0" has the key "answer". A key is unique in a history: choose another.',
    });
    await stream({ key: 'next', delta: 'shown' });
    expect((await first)!.messageStream).toMatchObject({ key: 'next' });
  });
});

test('a message that is written while its draft begins ends the draft', async () => {
  const { repository: store } = await openChat();
  let isAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  let goOn = () => {};
  const going = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { repository } = watched(store, ([method]) => {
    if (method !== 'findMessagesByKey') return undefined;
    isAsked();
    return going;
  });
  const api = createApi(repository);
  const watcher = await openSubscription(repository, WATCH, { sessionId: 'chat' });
  const first = watcher.next();
  const streamed = api.query(STREAM, { input: { sessionId: 'chat', key: 'answer', delta: 'late' } });
  await asked;
  const messages = [{ role: 'USER' as const, content: 'a', key: 'answer' }];
  await api.query(APPEND, { input: { sessionId: 'chat', messages } });
  goOn();
  expect((await streamed).streamMessage).toMatchObject({ __typename: 'ConflictError' });
  await api.query(STREAM, { input: { sessionId: 'chat', key: 'next', delta: 'shown' } });
  expect((await first)!.messageStream).toMatchObject({ key: 'next' });
});

test('a subscription to a session that is not there is refused before it begins', async () => {
  const { repository } = await openChat();
  const answer = await answerTo(repository, WATCH as never, { sessionId: 'none' });
  expect(answer).toMatchObject({
    errors: [
      {
        message: 'sessionId: expected the id of a session, got one that no session has.',
        path: ['messageStream'],
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ],
  });
});

test('an event whose text would exceed the budget ends the stream with an error', async () => {
  const { repository, stream } = await openChat();
  const limits = { textBytes: 10 };
  const watcher = await openSubscription(repository, WATCH, { sessionId: 'chat' }, limits);
  const first = watcher.nextResult();
  await stream({ delta: 'x'.repeat(11) });
  expect(await first).toMatchObject({ data: null, errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }] });
  expect(await watcher.nextResult()).toBeUndefined();
  expect(await stream({})).toEqual(PAYLOAD(0));
});
