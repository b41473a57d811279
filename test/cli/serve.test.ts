import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openConnection, postInTwoParts } from '../server/running.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');

interface LogLine {
  readonly msg: string;
  readonly url?: string;
}

interface Serving {
  readonly child: ChildProcess;
  readonly url: string;
  /** Resolves with the first line from now on that says `msg`. */
  logged(msg: string): Promise<LogLine>;
  /** How it ended, and all that it wrote to standard error. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/** Runs a server as a process of its own, and waits until it serves. */
async function serve(args: string[], command = [process.execPath, 'src/cli.ts', 'serve']): Promise<Serving> {
  const [program, ...rest] = command;
  const child = spawn(program!, [...rest, '--port', '0', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // A group of its own, as a terminal makes for what is started in it: npm keeps signals to itself.
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  const stderr = text(child.stderr);
  const ended = once(child, 'close').then(async ([code, signal]) => ({ code, signal, stderr: await stderr }));
  const waiting = new Set<(line: LogLine) => void>();
  createInterface(child.stdout).on('line', (line) => {
    // npm says what it runs first.
    if (!line.startsWith('{')) return;
    for (const tell of waiting) tell(JSON.parse(line) as LogLine);
  });
  const until = (is: (line: LogLine) => boolean) =>
    Promise.race([
      new Promise<LogLine>((resolve) => {
        const tell = (line: LogLine) => {
          if (!is(line)) return;
          waiting.delete(tell);
          resolve(line);
        };
        waiting.add(tell);
      }),
      ended.then((end) => {
        throw new Error(`It ended: ${JSON.stringify(end)}`);
      }),
    ]);
  const { url } = await until((line) => line.url !== undefined);
  return { child, url: url!, ended, logged: (msg) => until((line) => line.msg.startsWith(msg)) };
}

async function post(url: string, query: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })).json();
}

const CREATE = 'mutation { createSession(input: { id: "kept" }) { __typename } }';
const CREATED = { data: { createSession: { __typename: 'CreateSessionPayload' } } };

describe('sessiontree serve', () => {
  test('serves, and what it acknowledged is there after it was stopped', async () => {
    const data = await temporaryDirectory();
    const first = await serve(['--data', data]);
    expect(await post(first.url, CREATE)).toEqual(CREATED);
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual({ code: 0, signal: null, stderr: '' });
    const second = await serve(['--data', data]);
    expect(await post(second.url, '{ session(id: "kept") { id } }')).toEqual({
      data: { session: { id: 'kept' } },
    });
  });

  test('npm start passes flags on', async () => {
    const data = await temporaryDirectory();
    const { url, child, ended } = await serve(['--data', data], ['npm', 'start', '--']);
    expect(await post(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    process.kill(-child.pid!, 'SIGINT');
    await ended;
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'at %s it finishes the request under way, and ends with 0',
    async (signal) => {
      const { child, url, ended, logged } = await serve(['--data', await temporaryDirectory()]);
      const connection = openConnection(url);
      const [first, rest] = postInTwoParts(CREATE);
      // The answer to the first request shows that the server has read what came with it: the head of the second.
      connection.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${first}`);
      await connection.received('\r\n\r\nok');
      const stopping = logged('stopping');
      child.kill(signal);
      await stopping;
      await expect(fetch(url)).rejects.toThrow();
      connection.socket.write(rest);
      expect(await connection.closed()).toContain(JSON.stringify(CREATED));
      expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
    },
  );

  test('at a second signal it ends at once, the store closed', async () => {
    const { child, url, ended, logged } = await serve(['--data', await temporaryDirectory()]);
    const connection = openConnection(url);
    const [first] = postInTwoParts(CREATE);
    connection.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${first}`);
    await connection.received('\r\n\r\nok');
    const stopping = logged('stopping');
    child.kill('SIGTERM');
    await stopping;
    const stopped = logged('stopped');
    child.kill('SIGTERM');
    await stopped;
    expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
  });
});

test.skipIf(!existsSync('/dev/full'))('without room for its log it serves, and stops, as ever', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await new Promise((resolve) => other.close(resolve));
  const full = openSync('/dev/full', 'w');
  const args = ['src/cli.ts', 'serve', '--port', String(port), '--data', await temporaryDirectory()];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', full, 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  closeSync(full);
  const ended = once(child, 'close');
  const url = `http://127.0.0.1:${port}/graphql`;
  await vi.waitFor(() => post(url, '{ __typename }'), { timeout: 20_000, interval: 50 });
  expect(await post(url, CREATE)).toEqual(CREATED);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

describe('what is in its way is one line on standard error', () => {
  const LINE = /^[^\n]+\n$/;

  test('another process has the data directory', async () => {
    const data = await temporaryDirectory();
    const { child, url } = await serve(['--data', data]);
    const { code, stdout, stderr } = await runCli(['serve', '--port', '0', '--data', data]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(LINE);
    expect(stderr).toContain(`in use by process ${child.pid}`);
    expect(await post(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  });

  test('another process has the port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const data = await temporaryDirectory();
    const { code, stderr } = await runCli([
      'serve',
      '--port',
      String(port),
      '--data',
      data,
      '--log-level',
      'silent',
    ]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Port ${port} of 127.0.0.1 is in use. Stop what listens there, or choose another port with --port; 0 picks a free one.\n`,
    );
  });

  test('the data directory is a file', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    const { code, stderr } = await runCli(['serve', '--port', '0', '--data', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(LINE);
    expect(stderr).toContain(file);
  });

  test.each([
    ['a bad flag', ['serve', '--port', 'http'], {}, "option '--port <number>' argument 'http' is invalid."],
    [
      'a bad variable',
      ['serve'],
      { SESSIONTREE_PORT: 'http' },
      "value 'http' from env 'SESSIONTREE_PORT' is invalid.",
    ],
    ['an address that others reach', ['serve', '--host', '0.0.0.0'], {}, 'there is no authentication yet'],
    ['no name of a directory', ['serve', '--data', ''], {}, 'Expected the name of a directory.'],
    ['a variable that is empty', ['check'], { SESSIONTREE_DATA: '' }, 'Expected the name of a directory.'],
    ['an unknown flag', ['serve', '--prot', '1'], {}, "unknown option '--prot'"],
    ['an unknown command', ['sreve'], {}, "unknown command 'sreve'"],
    ['an argument too many', ['serve', 'here'], {}, 'too many arguments'],
  ])('%s', async (_name, args, env, said) => {
    const { code, stdout, stderr } = await runCli(args, env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('    at ');
  });
});

test('--help lists every flag with its default and its variable', async () => {
  const { code, stdout } = await runCli(['serve', '--help']);
  expect(code).toBe(0);
  const words = stdout.replaceAll(/\s+/g, ' ');
  for (const part of [
    '(default: 4000, env: SESSIONTREE_PORT)',
    '(default: "127.0.0.1", env: SESSIONTREE_HOST)',
    '(default: "./data", env: SESSIONTREE_DATA)',
    '(default: none, env: SESSIONTREE_ALLOW_ORIGIN)',
    '(default: none, env: SESSIONTREE_ALLOW_HOST)',
    'objects=50000',
    'env: SESSIONTREE_LIMITS)',
    '(default: "info", env: SESSIONTREE_LOG_LEVEL)',
  ]) {
    expect(words).toContain(part);
  }
});

test('whoever has seen enough of the help ends it without a word', async () => {
  const child = spawn(process.execPath, ['src/cli.ts', 'serve', '--help'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const stderr = text(child.stderr);
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(await stderr).toBe('');
});

test('all four commands are there', async () => {
  const { code, stdout } = await runCli(['--help']);
  expect(code).toBe(0);
  expect(stdout.match(/^ {2}(serve|import|export|check) /gm)).toHaveLength(4);
});
