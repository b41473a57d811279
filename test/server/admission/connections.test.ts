import { once } from 'node:events';
import { Agent } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { send } from '../../support/http-client.ts';
import { openConnection, type RawConnection } from '../running.ts';
import { ask, NOTHING_FOUND, postPart, sessionRequest, startLimited } from './support.ts';

async function openSilent(url: string): Promise<RawConnection> {
  const connection = openConnection(url);
  await once(connection.socket, 'connect');
  return connection;
}

/**
 * The clock by which connections are idle stands still: what came last, and what has asked for something, has some time only, which a busy
 * machine needs for less than a test.
 */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
}

test('connections that ask for nothing give way to others, the oldest first', async () => {
  const { url, port, lines } = await startLimited({ connections: 4 });
  const silent: RawConnection[] = [];
  for (let count = 0; count < 4; count += 1) silent.push(await openSilent(url));
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  await silent[0]!.closed();
  // The others serve on.
  silent[1]!.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await silent[1]!.received('ok');
  const reasons = lines.filter(({ level }) => level === 40);
  expect(reasons).toMatchObject([{ connections: 1, msg: expect.stringContaining('the limit connections') }]);
});

test('silent connections give way before one that is used again and again', async () => {
  stopClock();
  const { url, port } = await startLimited({ connections: 4 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  await send(port, sessionRequest('unknown'), agent);
  const [used] = Object.values(agent.freeSockets).flat();
  for (let count = 0; count < 20; count += 1) await openSilent(url);
  expect(await send(port, sessionRequest('unknown'), agent)).toMatchObject(NOTHING_FOUND);
  expect(Object.values(agent.freeSockets).flat()).toEqual([used]);
});

test('a new connection is not closed before its first request, while others are idle after theirs', async () => {
  stopClock();
  const { url } = await startLimited({ connections: 4 });
  const health = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (let count = 0; count < 4; count += 1) {
    const idle = await openSilent(url);
    idle.socket.write(health);
    await idle.received('ok');
  }
  const newcomer = await openSilent(url);
  const next = await openSilent(url);
  for (const connection of [newcomer, next]) {
    connection.socket.write(health);
    await connection.received('ok');
  }
});

test('a flood of connections is one line of the log a second', async () => {
  const { url, lines } = await startLimited({ connections: 4 });
  const startedAt = performance.now();
  for (let count = 0; count < 100; count += 1) await openSilent(url);
  const count = () =>
    lines.filter(({ level }) => level === 40).reduce((sum, { connections }) => sum + Number(connections), 0);
  await vi.waitFor(() => expect(count()).toBe(96), 10_000);
  const seconds = (performance.now() - startedAt) / 1_000;
  // The first is written at once, and a timer may come a little early.
  expect(lines.filter(({ level }) => level === 40).length).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
});

test('while all connections are busy, probes are answered and other requests refused', async () => {
  const { url, port, lines } = await startLimited({ connections: 4 });
  const busy: RawConnection[] = [];
  for (let count = 0; count < 4; count += 1) {
    const connection = await openSilent(url);
    // The answer to the first request shows that the server has also read the head of the second, which came with it.
    connection.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    postPart(connection, 100, 1);
    await connection.received('ok');
    busy.push(connection);
  }
  for (const path of ['/health', '/ready'])
    expect(await send(port, { method: 'GET', path })).toMatchObject({ status: 200 });
  const refused = await ask(port);
  expect(refused).toMatchObject({ status: 503, headers: { connection: 'close', 'retry-after': '1' } });
  expect(refused.body.toString()).toContain('"OVERLOADED"');
  await vi.waitFor(() => expect(lines.at(-1)).toMatchObject({ status: 503, errors: ['OVERLOADED'] }), 10_000);
  busy[0]!.socket.destroy();
  await vi.waitFor(async () => expect(await ask(port)).toMatchObject(NOTHING_FOUND), 10_000);
});
