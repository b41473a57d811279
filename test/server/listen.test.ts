import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ListenError, listen } from '../../src/server/listen.ts';

const HOST = '127.0.0.1';

async function listening() {
  const server = createServer((_request, response) => response.end());
  const { port, close } = await listen(server, { host: HOST, port: 0 });
  onTestFinished(close);
  return { server, port };
}

/** Connects as often in another process, while this one does nothing else. */
function connectTimes(count: number, port: number): void {
  const script = `let left = ${count};
    for (let n = left; n > 0; n -= 1) require('node:net').connect(${port}, '${HOST}', () => --left || process.exit());`;
  execFileSync(process.execPath, ['--eval', script]);
}

test.skipIf(process.platform !== 'linux')(
  'a new connection does not wait for a turn of the event loop for each that came before',
  async () => {
    const { server, port } = await listening();
    let accepted = 0;
    server.on('connection', (socket) => {
      accepted += 1;
      socket.on('error', () => {});
    });
    connectTimes(160, port);
    expect(accepted).toBe(0);
    let turns = 0;
    for (; accepted < 160; turns += 1) await nextTurn();
    expect(turns).toBeLessThan(80);
  },
);

test('requests on all connections are answered, and a port is not shared with another server', async () => {
  const { port } = await listening();
  const statuses = await Promise.all(
    Array.from({ length: 40 }, () =>
      fetch(`http://${HOST}:${port}`, { headers: { connection: 'close' } }).then(({ status }) => status),
    ),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  await expect(listen(createServer(), { host: HOST, port })).rejects.toThrow(ListenError);
});

test('a port that the system chooses is that of the server at once: one that was only looked for could be taken by then', async () => {
  const asked = vi.spyOn(NetServer.prototype, 'listen');
  onTestFinished(() => asked.mockRestore());
  const { server, port } = await listening();
  expect(asked.mock.contexts[0]).toBe(server);
  expect(port).toBeGreaterThan(0);
});
