import { describe, expect, test } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { openConnection } from '../running.ts';
import { type LiveServerOptions, openLive, openSocket, stream, until } from './support.ts';

const FULL = `subscription { sessionChanges { cursor isUpToDate changes { sessionId fromPosition messages { content } } } }`;

/** Each event of these is larger than the buffers of the system, together. */
const MESSAGES_AT_ONCE = 8;
const MESSAGE_BYTES = 512 * 1024;

async function openLarge(options: LiveServerOptions) {
  const server = await openLive(options);
  await server.repository.create({ id: 'a' });
  const content = 'x'.repeat(MESSAGE_BYTES);
  const messages = Array.from({ length: MESSAGES_AT_ONCE }, () => ({ role: 'USER' as const, content }));
  return { ...server, grow: () => append(server.repository, messages) };
}

async function append(
  repository: SessionRepository,
  messages: readonly { readonly role: 'USER'; readonly content: string }[],
): Promise<void> {
  await repository.append({ sessionId: 'a', messages });
}

/** A subscription by POST on a raw connection, of which nothing is read after the head. */
async function subscribeWithoutReading(url: string) {
  const connection = openConnection(url);
  const body = JSON.stringify({ query: FULL });
  connection.socket.write(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await connection.received('"isUpToDate":true');
  connection.socket.pause();
  return connection;
}

// Megabytes go through one thread to several clients: on a busy machine that takes a while.
describe('a client that reads nothing', { timeout: 120_000 }, () => {
  test('has one event under way at most, and one larger one later: the others go on', async () => {
    const { url, grow, repository } = await openLarge({ limits: { writeMs: 60_000 } });
    const slow = await subscribeWithoutReading(url);
    const reader = await stream(url, { query: FULL });
    await reader.changes();
    for (let round = 0; round < 10; round += 1) {
      await grow();
      const { changes } = await reader.changes();
      expect(changes).toMatchObject([{ sessionId: 'a', fromPosition: round * MESSAGES_AT_ONCE }]);
    }
    slow.socket.resume();
    await slow.received(`"fromPosition":${MESSAGES_AT_ONCE},`);
    await append(repository, [{ role: 'USER', content: 'the end' }]);
    const text = await slow.received('the end');
    // A bookmark, what was under way, the rest in one or two events, and the end: never one for each of the ten.
    expect([...text.matchAll(/event: next/g)].length).toBeLessThanOrEqual(5);
  });

  test('has one event under way at most over WebSocket, too', async () => {
    const { socketUrl, grow, repository } = await openLarge({ limits: { writeMs: 60_000 } });
    const slow = await openSocket(socketUrl);
    slow.send({ id: '1', type: 'subscribe', payload: { query: FULL } });
    await slow.next();
    slow.ws.pause();
    const reader = await openSocket(socketUrl);
    reader.send({ id: '1', type: 'subscribe', payload: { query: FULL } });
    await reader.next();
    for (let round = 0; round < 10; round += 1) {
      await grow();
      expect(JSON.stringify(await reader.next())).toContain(`"fromPosition":${round * MESSAGES_AT_ONCE},`);
    }
    slow.ws.resume();
    let count = 0;
    for (let text = ''; !text.includes(`"fromPosition":${MESSAGES_AT_ONCE},`); count += 1)
      text = JSON.stringify(await slow.next());
    await append(repository, [{ role: 'USER', content: 'the end' }]);
    for (let text = ''; !text.includes('the end'); count += 1) text = JSON.stringify(await slow.next());
    expect(count).toBeLessThanOrEqual(4);
  });

  test('is disconnected after writeMs, over HTTP', async () => {
    const { url, grow, subscriptions, lines } = await openLarge({ limits: { writeMs: 200 } });
    const slow = await subscribeWithoutReading(url);
    for (let round = 0; round < 3; round += 1) await grow();
    await until(() => subscriptions() === 0, 'the end of the subscription');
    slow.socket.resume();
    await slow.closed();
    expect(lines.map(({ msg }) => msg)).toContain(
      'closed a connection: its client read nothing of a subscription (the limit writeMs)',
    );
  });

  test('is told to resume by the code 1013, over WebSocket', async () => {
    const { socketUrl, grow, subscriptions, lines } = await openLarge({ limits: { writeMs: 500 } });
    const socket = await openSocket(socketUrl);
    socket.send({ id: '1', type: 'subscribe', payload: { query: FULL } });
    await socket.next();
    socket.ws.pause();
    for (let round = 0; round < 3; round += 1) await grow();
    await until(
      () => lines.some(({ msg }) => String(msg).includes('read nothing of a subscription')),
      'the line in the log',
    );
    socket.ws.resume();
    expect((await socket.closed()).code).toBe(1013);
    await until(() => subscriptions() === 0);
  });

  test('is told once that the server stops, however often that is said', async () => {
    const { url, grow, endSubscriptions, subscriptions } = await openLarge({ limits: { writeMs: 60_000 } });
    const slow = await subscribeWithoutReading(url);
    const reader = await stream(url, { query: FULL });
    await reader.changes();
    await grow();
    await reader.changes();
    // To end an answer that has ended is an error that nobody would handle.
    endSubscriptions();
    endSubscriptions();
    slow.socket.resume();
    const text = await slow.closed();
    expect([...text.matchAll(/: the server stops/g)]).toHaveLength(1);
    await until(() => subscriptions() === 0);
  });

  test('and never reads again is cut off, over WebSocket', async () => {
    const { socketUrl, grow, subscriptions } = await openLarge({ limits: { writeMs: 200 } });
    const socket = await openSocket(socketUrl);
    socket.send({ id: '1', type: 'subscribe', payload: { query: FULL } });
    await socket.next();
    socket.ws.pause();
    for (let round = 0; round < 3; round += 1) await grow();
    await until(() => subscriptions() === 0, 'the end of the subscription');
  });
});
