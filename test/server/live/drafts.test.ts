import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { openLive, stream, until } from './support.ts';

const WATCH_DRAFTS = `subscription ($id: ID!) {
  messageStream(sessionId: $id) { key delta isWhole isDone message { id content } }
}`;
const SAY = `mutation ($input: StreamMessageInput!) { streamMessage(input: $input) { ... on StreamMessagePayload { watchers } } }`;

async function openSession() {
  const server = await openLive();
  await server.repository.create({ id: 'a' });
  const say = async (input: object) => {
    const body = JSON.stringify({ query: SAY, variables: { input: { sessionId: 'a', key: 'k', ...input } } });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(server.url, { method: 'POST', headers, body });
    return ((await response.json()) as { data: { streamMessage: { watchers: number } } }).data.streamMessage;
  };
  return { ...server, say };
}

test('what an agent is saying is streamed over server-sent events, without ids', async () => {
  const { url, say, subscriptions } = await openSession();
  const events = await stream(url, { query: WATCH_DRAFTS, variables: { id: 'a' } });
  await until(() => subscriptions() === 1);
  await until(async () => (await say({ delta: 'He', sequence: 1 })).watchers === 1);
  const first = await events.next();
  expect(first).not.toHaveProperty('id');
  expect(JSON.parse(first!.data).data.messageStream).toMatchObject({ key: 'k', delta: 'He', isWhole: true });
  await say({ delta: 'llo', sequence: 2, isDone: true });
  let heard = '';
  for (let isDone = false; !isDone; ) {
    const { messageStream } = JSON.parse((await events.next())!.data).data;
    heard += messageStream.delta;
    ({ isDone } = messageStream);
  }
  expect(heard).toBe('llo');
  await events.close();
  await until(() => subscriptions() === 0);
  expect(await say({ key: 'other', delta: 'x' })).toEqual({ watchers: 0 });
});

test('and over WebSocket; several watchers hear the same', async () => {
  const { socketUrl, say, subscriptions } = await openSession();
  const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  onTestFinished(() => client.dispose());
  const watchers = [1, 2, 3].map(() =>
    client.iterate<{ messageStream: { delta: string } }>({ query: WATCH_DRAFTS, variables: { id: 'a' } }),
  );
  const first = watchers.map((watcher) => watcher.next());
  await until(() => subscriptions() === 3);
  await until(async () => (await say({ delta: 'Hello', sequence: 1 })).watchers === 3);
  for (const { value } of await Promise.all(first))
    expect(value).toMatchObject({ data: { messageStream: { delta: 'Hello' } } });
  for (const watcher of watchers) await watcher.return?.(undefined);
  await until(() => subscriptions() === 0);
  expect(await say({ key: 'other', delta: 'x' })).toEqual({ watchers: 0 });
});
