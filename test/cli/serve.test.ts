import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { openSocket, WATCH } from '../server/live/support.ts';
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
  /** Resolves with the next line whose message begins with `msg`. */
  logged(msg: string): Promise<LogLine>;
  /** The exit of the process, and its whole standard error. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/** Starts a server process, and waits until it is serving. */
async function serve(
  args: string[],
  command = [process.execPath, 'src/cli.ts', 'serve'],
  place: { cwd: string; env?: NodeJS.ProcessEnv } = { cwd: ROOT },
): Promise<Serving> {
  const [program, ...rest] = command;
  const child = spawn(program!, [...rest, '--port', '0', ...args], {
    ...place,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // In a process group of its own, as in a terminal: npm does not forward signals.
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  const stderr = text(child.stderr);
  const ended = once(child, 'close').then(async ([code, signal]) => ({ code, signal, stderr: await stderr }));
  const waiting = new Set<(line: LogLine) => void>();
  createInterface(child.stdout).on('line', (line) => {
    // npm first prints the command that it runs.
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
  test('goes on from the latest time where the clock was set back an hour', async () => {
    const data = await temporaryDirectory();
    const before = await serve(['--data', data]);
    await post(before.url, CREATE);
    before.child.kill('SIGKILL');
    await before.ended;

    // A clock that is another at each look: two writes may be within a millisecond, and then have the same time.
    const setBack = `let looks = 0;
    Date = class extends Date {
      constructor(...given) { given.length === 0 ? super(Date.now()) : super(...given); }
      static now() { return super.now() - 3_600_000 + ++looks; }
    }`;
    const imported = `data:text/javascript,${encodeURIComponent(setBack)}`;
    const command = [process.execPath, '--import', imported, 'src/cli.ts', 'serve'];
    const { url } = await serve(['--data', data], command);
    const send = 'sendMessage(input: { sessionId: "kept", message: "m", response: "r" }) { __typename }';
    await post(url, `mutation { createSession(input: { id: "later" }) { __typename } ${send} }`);
    const { data: answer } = (await post(url, '{ sessions { nodes { id createdAt lastActiveAt } } }')) as {
      data: { sessions: { nodes: { id: string; createdAt: string; lastActiveAt: string }[] } };
    };
    const [kept, later] = answer.sessions.nodes;
    expect([kept!.id, later!.id]).toEqual(['kept', 'later']);
    expect(kept!.lastActiveAt > later!.createdAt).toBe(true);
    expect(later!.createdAt > kept!.createdAt).toBe(true);
  });

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
      // The answer to the first request shows that the server has also read the head of the second, which came with it.
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

  test('at SIGTERM it tells the client of an open subscription to come back, and ends with 0', async () => {
    const { child, url, ended } = await serve(['--data', await temporaryDirectory()]);
    const socket = await openSocket(url.replace('http', 'ws'));
    socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
    expect(await socket.next()).toMatchObject({ id: '1', type: 'next' });
    child.kill('SIGTERM');
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
  });

  test('at SIGHUP it opens the file of the audit again, and goes on serving', async () => {
    const data = await temporaryDirectory();
    const audit = join(data, 'audit.jsonl');
    const { url, child, ended, logged } = await serve(['--data', join(data, 'store'), '--audit', audit]);
    await post(url, CREATE);
    await rename(audit, `${audit}.1`);
    const reopened = logged('the file of the audit was opened again');
    child.kill('SIGHUP');
    await reopened;
    await post(url, 'mutation { deleteSession(input: { sessionId: "kept" }) { __typename } }');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
    expect(await readFile(`${audit}.1`, 'utf8')).toMatch(/^\{.*"createdId":"kept".*\}\n$/);
    expect(await readFile(audit, 'utf8')).toMatch(
      /^\{.*"mutation":"deleteSession","sessionId":"kept".*\}\n$/,
    );
  });

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

  test.each([
    ['when its time is over', 1, 10],
    ['at a second signal', 2, 1],
  ])(
    'a stop that waits for a thread that does not end is over %s, and the next start has everything',
    async (_, signals, speed) => {
      const data = await temporaryDirectory();
      const { child, url, ended, logged } = await serve(['--data', data], withEndlessThreads(speed));
      expect(await post(url, `mutation { ${MANY.join(' ')} }`)).toHaveProperty('data.s0');
      const stopping = logged('stopping');
      const overdue = logged('the store could not be closed in time');
      child.kill('SIGTERM');
      await stopping;
      if (signals === 2) child.kill('SIGTERM');
      await overdue;
      expect(await ended).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });

      const again = await serve(['--data', data]);
      expect(await post(again.url, '{ sessions { totalCount } }')).toEqual({
        data: { sessions: { totalCount: MANY.length } },
      });
    },
  );
});

/** Mutations after which the index has a thread for its checkpoints. */
const MANY = Array.from(
  { length: 80 },
  (_, n) => `s${n}: createSession(input: { id: "s${n}" }) { __typename }`,
);

/** A server whose threads, when they are to end, run a statement of SQLite without an end. The clock of the server is `speed` times as fast. */
function withEndlessThreads(speed: number): string[] {
  const program = `
    import { DatabaseSync } from 'node:sqlite';
    import { isMainThread } from 'node:worker_threads';
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (run, delay, ...rest) => setTimeout(run, delay / ${speed}, ...rest);
    if (!isMainThread)
      DatabaseSync.prototype.close = function () {
        this.exec('WITH RECURSIVE endless (n) AS (SELECT 1 UNION ALL SELECT 1 FROM endless) SELECT count(*) FROM endless');
      };`;
  const imported = `data:text/javascript,${encodeURIComponent(program)}`;
  return [process.execPath, '--import', imported, 'src/cli.ts', 'serve'];
}

test.skipIf(!existsSync('/dev/full'))(
  'a server without room for its log serves and stops as ever',
  async () => {
    const full = openSync('/dev/full', 'w');
    // It has no log to say its port in. One that was free before may be taken by then. What else listens does so at a path.
    const told = `import { Server } from 'node:net';
      const { listen } = Server.prototype;
      Server.prototype.listen = function (...given) {
        this.once('listening', () => {
          const { port } = this.address();
          if (port) process.send(port);
        });
        return listen.apply(this, given);
      };`;
    const imported = ['--import', `data:text/javascript,${encodeURIComponent(told)}`];
    const args = [...imported, 'src/cli.ts', 'serve', '--port', '0', '--data', await temporaryDirectory()];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', full, 'inherit', 'ipc'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    closeSync(full);
    const ended = once(child, 'close');
    const [port] = await Promise.race([once(child, 'message'), ended]);
    const url = `http://127.0.0.1:${port}/graphql`;
    expect(await post(url, CREATE)).toEqual(CREATED);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
);

describe('what keeps a server from starting is one line on standard error', () => {
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
    [
      'an address that others reach',
      ['serve', '--host', '0.0.0.0'],
      {},
      'error: --host 0.0.0.0 needs --auth',
    ],
    ['no name of a directory', ['serve', '--data', ''], {}, 'Expected the name of a directory.'],
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

test.each([
  ['an unknown command', ['sreve'], 'sessiontree --help'],
  ['an unknown flag without a command', ['--port', '5000'], 'sessiontree --help'],
  ['an unknown flag of a command', ['serve', '--prot', '1'], 'sessiontree serve --help'],
  ['an argument too many', ['check', 'here'], 'sessiontree check --help'],
  ['an argument that is missing', ['import'], 'sessiontree import --help'],
])('a command line with %s points to the help', async (_name, args, help) => {
  const { code, stderr } = await runCli(args);
  expect(code).toBe(2);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`Run "${help}" for usage.`);
});

test('a command line without a command shows the help', async () => {
  const [bare, help, wanted] = await Promise.all([runCli([]), runCli(['help']), runCli(['--help'])]);
  expect(bare).toEqual({ code: 2, stdout: '', stderr: wanted.stdout });
  expect(help).toEqual({ code: 0, stdout: wanted.stdout, stderr: '' });
});

test('--version says which version this is', async () => {
  expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
});

test('a variable that is empty counts as not set, for each option of each command', async () => {
  const directory = await temporaryDirectory();
  const { stdout } = await runCli(['serve', '--help']);
  const names = [...stdout.replaceAll(/\s+/g, ' ').matchAll(/env: (SESSIONTREE_\w+)/g)].map(
    ([, name]) => name!,
  );
  expect(names).toContain('SESSIONTREE_PORT');
  const env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, ''])) };
  const command = [process.execPath, join(ROOT, 'src/cli.ts'), 'serve'];
  const { url } = await serve([], command, { cwd: directory, env });
  expect(await post(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  // Only a start without the flag shows the variable that the flag overrides.
  const help = await runCli(['serve', '--help'], env);
  expect({ ...help, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
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

test('the help ends without an error where its reader goes away early', async () => {
  const child = spawn(process.execPath, ['src/cli.ts', 'serve', '--help'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const stderr = text(child.stderr);
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(await stderr).toBe('');
});

test('the help lists the commands serve, import, export and check', async () => {
  const { code, stdout } = await runCli(['--help']);
  expect(code).toBe(0);
  expect(stdout.match(/^ {2}(serve|import|export|check) /gm)).toHaveLength(4);
});

test.skipIf(process.platform === 'win32')(
  'with few descriptors, silent connections lock out nobody, and the store has its share',
  async () => {
    const limited = ['sh', '-c', 'ulimit -n 256; exec "$0" "$@"', process.execPath, 'src/cli.ts', 'serve'];
    const { url } = await serve(['--data', await temporaryDirectory()], limited);
    const silent = Array.from({ length: 400 }, () => openConnection(url));
    await Promise.race(silent.map(({ closed }) => closed()));
    const post = (query: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
    // More sessions than there are descriptors, written at once and read again.
    const ids = Array.from({ length: 300 }, (_, n) => `s${n}`);
    for (let from = 0; from < ids.length; from += 20) {
      const answers = await Promise.all(
        ids.slice(from, from + 20).map(async (id) => {
          const created = await post(
            `mutation { createSession(input: { id: "${id}" }) { __typename } appendMessages(input: { sessionId: "${id}", messages: [{ role: USER, content: "${id}" }] }) { __typename } }`,
          );
          return created.json();
        }),
      );
      for (const answer of answers) {
        expect(answer).toEqual({
          data: {
            createSession: { __typename: 'CreateSessionPayload' },
            appendMessages: { __typename: 'AppendMessagesPayload' },
          },
        });
      }
    }
    const nodes = `{ nodes(ids: ${JSON.stringify(ids)}) { ... on Session { history { nodes { content } } } } }`;
    const { data } = (await (await post(nodes)).json()) as { data: { nodes: unknown } };
    expect(data.nodes).toEqual(ids.map((content) => ({ history: { nodes: [{ content }] } })));
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect({ status: page.status, length: (await page.text()).length > 1_000 }).toEqual({
      status: 200,
      length: true,
    });
  },
);
