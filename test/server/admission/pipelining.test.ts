import { expect, test, vi } from 'vitest';
import { createLongSession, LONG_ANSWER_BYTES, longRequest, openConnection } from '../running.ts';
import { ask, NOTHING_FOUND, openHeld, sessionRequest, startLimited } from './support.ts';

const post = (id: string, count: number) => {
  const body = String(sessionRequest(id).body);
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return `${head}${body}`.repeat(count);
};

test('of requests whose answers nobody reads, only the first is executed', async () => {
  const { url, port, lines } = await startLimited({});
  await createLongSession(url);
  const before = lines.length;
  const { socket, received, closed } = openConnection(url);
  socket.once('data', () => socket.pause());
  const last = longRequest().replace('\r\n', '\r\nConnection: close\r\n');
  socket.write(longRequest().repeat(5) + last);
  await received('HTTP/1.1 200');
  for (let time = 0; time < 20; time += 1) expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(lines.length - before).toBe(21);
  socket.resume();
  const answers = await closed();
  expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(6);
  expect(answers.length).toBeGreaterThan(6 * LONG_ANSWER_BYTES);
});

test('six thousand requests at once are answered in their order, though more than may wait are never read', async () => {
  const { url, port } = await startLimited({});
  await ask(port);
  const { socket, closed } = openConnection(url);
  const ids = Array.from({ length: 6_000 }, (_, n) => `id-${n}`);
  const requests = ids.map((id) => post('unknown', 1).replace('\r\n', `\r\nX-Request-Id: ${id}\r\n`));
  socket.write(requests.join(''));
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const answers = await closed();
  expect([...answers.matchAll(/^x-request-id: (\S+)/gim)].map(([, id]) => id)).toEqual(ids);
});

test('a request waits for the one before it on its connection, and holds up no other connection', async () => {
  const { url, port, held, release } = await openHeld({});
  const { socket, received } = openConnection(url);
  socket.write(post('held', 3));
  await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
  for (let time = 0; time < 10; time += 1) expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(held).toHaveLength(1);
  release();
  await vi.waitFor(async () => {
    const answers = await received('HTTP/1.1 200');
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  }, 10_000);
});

/** Some that fit into what is read at once. */
const SHORTEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2_000);

test('a connection that closes leaves none of its requests waiting', async () => {
  const { url, port, lines } = await startLimited({});
  // Together these are more than may wait at once.
  for (let client = 0; client < 3; client += 1) {
    const { socket, received } = openConnection(url);
    socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${SHORTEST}`);
    await received('ok');
    socket.resetAndDestroy();
  }
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(lines.filter(({ level }) => level !== 30)).toEqual([]);
});

test('connections with too many requests are closed, with a reason in the log', async () => {
  const { url, port, lines } = await openHeld({});
  const connections = Array.from({ length: 4 }, () => openConnection(url));
  for (const { socket } of connections) socket.write(post('held', 1) + SHORTEST);
  await Promise.race(connections.map(({ closed }) => closed()));
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  const reasons = lines.filter(({ level }) => level === 40).map(({ msg }) => msg);
  expect(reasons[0]).toContain('too many requests waited');
});
