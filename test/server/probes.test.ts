import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createProbes } from '../../src/server/probes.ts';
import { openTestRepository } from '../support/repository.ts';
import { openConnection, startTestServer } from './running.ts';
import { createTestLogger } from './support.ts';

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
  const { logger, lines } = createTestLogger();
  const server = createServer(createProbes(repository, logger)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const ready = await fetch(`${url}/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toBe('the store does not answer\n');
  expect(lines).toMatchObject([{ msg: 'not ready: the store does not answer' }]);
});
