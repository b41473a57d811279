import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Sessiontree } from '@sessiontree/client';
import { expect, onTestFinished, test } from 'vitest';
import { keepMoving } from '../demo/keep-moving.ts';
import { serve } from '../demo/serve.ts';
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

test('agents that the demo spawns do their work and are done, so that few run at a time', async () => {
  const { url, stop } = await serve(await temporaryDirectory(), '0');
  onTestFinished(async () => void (await stop()));
  const client = new Sessiontree(`${url}/graphql`);
  await client.sessions.create({ id: 'demo-backfill' });
  await client.sessions.spawn('demo-backfill', { id: 'left', title: 'Check batch 2', status: 'RUNNING' });
  const abort = new AbortController();
  const moving = keepMoving(client, abort.signal, { wordMs: 0, turnMs: 0, stepMs: 0 });
  onTestFinished(() => abort.abort());
  const completed = new Set<string>();
  const running = new Set<string>();
  let isOneDeleted = false;
  for await (const { changes } of client.sessions.watch('demo-backfill')) {
    for (const { kind, sessionId, session } of changes) {
      if (kind === 'DELETED') running.delete(sessionId);
      if (session?.parentId !== 'demo-backfill') continue;
      if (session.status === 'RUNNING') running.add(session.id);
      else running.delete(session.id);
      // What a person deletes is refused to the agent; the others go on.
      if (!isOneDeleted && session.status === 'RUNNING' && session.id !== 'left') {
        isOneDeleted = true;
        await client.sessions.delete(session.id);
      }
      if (session.status === 'COMPLETED') completed.add(session.id);
      if (session.status === 'COMPLETED' && session.id !== 'left') expect(session.historyLength).toBe(7);
    }
    expect(running.size).toBeLessThan(3);
    if (completed.size > 3) break;
  }
  expect((await client.sessions.get('left'))!.status).toBe('COMPLETED');
  abort.abort();
  await moving;
}, 120_000);

test('the demo has trees in which agents go on working, ends with Ctrl-C, and goes on where it was', {
  timeout: 120_000,
}, async () => {
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
