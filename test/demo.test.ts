import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Sessiontree } from '@sessiontree/client';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from './support/repository.ts';

const SCRIPT = join(import.meta.dirname, '../demo/run.ts');

/** Starts the demo. The line that it prints is the address of a tree in the explorer. */
async function startDemo(data: string, ...args: string[]): Promise<{ demo: ChildProcess; page: string }> {
  const demo = spawn(process.execPath, [SCRIPT, '--data', data, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void demo.kill('SIGKILL'));
  for await (const line of createInterface({ input: demo.stdout! })) return { demo, page: line };
  throw new Error('The demo ended before it printed an address.');
}

test('the demo says what to do if its port is in use, without a stack, and ends with 1', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const data = await temporaryDirectory();
  const demo = spawn(process.execPath, [SCRIPT, '--data', data, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said] = await Promise.all([text(demo.stderr!), once(demo, 'exit')]);
  expect(demo.exitCode).toBe(1);
  expect(said.trimEnd().split('\n')).toEqual([
    expect.stringContaining(`Port ${port} of 127.0.0.1 is in use. Stop what listens there`),
    expect.stringContaining('npm run demo -- --port 4001'),
  ]);
});

test('the demo has trees in which agents go on working, ends with Ctrl-C, and goes on where it was', async () => {
  const data = await temporaryDirectory();
  const { demo, page } = await startDemo(data);
  expect((await fetch(page)).headers.get('content-type')).toContain('text/html');
  const client = new Sessiontree(new URL('/graphql', page));
  const roots = await client.sessions.list({ filter: { rootsOnly: true } }).toArray();
  expect(roots.length).toBeGreaterThan(5);
  const tree = await client.sessions.tree('demo-invoices');
  expect(tree!.children.length).toBeGreaterThan(3);
  for await (const { key, isDone } of client.history.watchMessages('demo-backfill'))
    if (isDone && key.startsWith('live-')) break;
  demo.kill('SIGINT');
  const [code] = await once(demo, 'exit');
  expect(code).toBe(0);

  const again = await startDemo(data, '--still');
  const later = new Sessiontree(new URL('/graphql', again.page));
  expect((await later.sessions.list({ filter: { rootsOnly: true } }).toArray()).length).toBe(roots.length);
  again.demo.kill('SIGTERM');
  expect((await once(again.demo, 'exit'))[0]).toBe(0);
});
