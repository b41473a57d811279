import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Sessiontree } from '@sessiontree/client';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from './support/repository.ts';

/** Starts the demo. The line that it prints is the address of a tree in the explorer. */
async function startDemo(data: string, ...args: string[]): Promise<{ demo: ChildProcess; page: string }> {
  const script = join(import.meta.dirname, '../demo/run.ts');
  const demo = spawn(process.execPath, [script, '--data', data, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void demo.kill('SIGKILL'));
  for await (const line of createInterface({ input: demo.stdout! })) return { demo, page: line };
  throw new Error('The demo ended before it printed an address.');
}

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
