import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createProbes } from '../../src/server/probes.ts';
import { openTestRepository, temporaryDirectory } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';
import { SmallDisk, whyNoSmallDisk } from '../torture/small-disk.ts';
import { openConnection, startTestServer } from './running.ts';
import { createTestLogger } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** The probes of a store, and their log. `ready` is the status of an answer, and its text. The test moves the clock. */
async function serveProbes(repository: SessionRepository) {
  const { logger, lines } = createTestLogger();
  const server = createServer(createProbes(repository, logger)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ready = async () => {
    const response = await fetch(`${url}/ready`);
    return `${response.status} ${await response.text()}`;
  };
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  return { url, ready, lines };
}

test.each(['/health', '/ready'])(
  '%s of a server that runs is 200, whatever name it is asked under',
  async (path) => {
    const { url } = await startTestServer();
    const connection = openConnection(url);
    connection.socket.write(`GET ${path} HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n`);
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  },
);

test('a server whose store does not answer is well, and not ready', async () => {
  const repository = await openTestRepository();
  await repository.close();
  const { url, ready, lines } = await serveProbes(repository);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(await ready()).toBe('503 the store does not answer\n');
  expect(lines).toMatchObject([{ msg: 'not ready: the store does not answer' }]);
});

const GONE = 'The data directory cannot be written: it is gone.';
const FULL = 'The data directory cannot be written: the disk is full.';

test('a server whose data directory was moved away is not ready until the directory is back, and says so once', async () => {
  const place = await temporaryDirectory();
  const data = join(place, 'data');
  const repository = await openFileRepository({ directory: data });
  onTestFinished(() => repository.close());
  const { ready, lines } = await serveProbes(repository);
  renameSync(data, `${data}-away`);
  expect([await ready(), await ready()]).toEqual([`503 ${GONE}\n`, `503 ${GONE}\n`]);
  await mkdir(data);
  vi.advanceTimersByTime(1_000);
  expect(await ready()).toBe(`503 ${GONE}\n`);
  await rm(data, { recursive: true });
  renameSync(`${data}-away`, data);
  vi.advanceTimersByTime(1_000);
  expect(await ready()).toBe('200 ready\n');
  expect(lines).toMatchObject([
    { msg: `not ready: ${GONE}`, err: { code: 'ENOENT' } },
    { msg: 'ready again' },
  ]);
});

test.skipIf(whyNoSmallDisk() !== null)('a server whose disk is full is not ready', async () => {
  const disk = new SmallDisk(2_048);
  onTestFinished(() => disk.dispose());
  const repository = await openFileRepository({ directory: join(disk.directory, 'data') });
  onTestFinished(() => repository.close());
  disk.fill();
  const { ready } = await serveProbes(repository);
  expect(await ready()).toBe(`503 ${FULL}\n`);
  disk.unload();
  vi.advanceTimersByTime(1_000);
  expect(await ready()).toBe('200 ready\n');
});

test('many probes are one write to the disk a second', async () => {
  const { repository, calls } = watched(await openTestRepository());
  const { ready } = await serveProbes(repository);
  await Promise.all(Array.from({ length: 50 }, ready));
  await ready();
  expect(calls).toEqual([['findMany', ['ready']], ['checkWritable']]);
  vi.advanceTimersByTime(1_000);
  await ready();
  expect(calls).toEqual([
    ['findMany', ['ready']],
    ['checkWritable'],
    ['findMany', ['ready']],
    ['checkWritable'],
  ]);
});

test('a server whose disk does not answer is not ready, and asks the disk only once', async () => {
  const hung = Promise.withResolvers<void>();
  const { repository, calls } = watched(await openTestRepository(), ([method]) =>
    method === 'checkWritable' ? hung.promise : undefined,
  );
  const { ready } = await serveProbes(repository);
  const first = ready();
  while (calls.length < 2) await nextTurn();
  vi.advanceTimersByTime(5_000);
  const notReady = '503 the store does not answer\n';
  expect([await first, await ready()]).toEqual([notReady, notReady]);
  expect(calls).toHaveLength(2);
  hung.resolve();
  await vi.waitFor(async () => expect(await ready()).toBe('200 ready\n'), 20_000);
});
