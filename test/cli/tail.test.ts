import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Sessiontree } from '../../packages/client/src/index.ts';
import { startTestServer } from '../server/running.ts';
import { openCutProxy } from '../support/open-cut-proxy.ts';
import { hasCommand, runCli } from './run.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

/** A command that runs until a test or the server ends it. */
class Running {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #exit: Promise<unknown[]>;

  constructor(args: readonly string[]) {
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    this.child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#exit = once(this.child, 'close');
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  /** Resolves once the output satisfies `check`, which throws otherwise. */
  until(check: () => void): Promise<void> {
    return vi.waitFor(check, { timeout: 20_000, interval: 20 });
  }

  async code(): Promise<number> {
    const [code] = await this.#exit;
    return code as number;
  }
}

interface Store {
  readonly url: string;
  readonly client: Sessiontree;
  cursor(): Promise<string>;
}

async function openStore(): Promise<Store> {
  const { url } = await startTestServer();
  const client = new Sessiontree(url);
  await client.sessions.create({ id: 'trip', title: 'Plan a trip' });
  return {
    url,
    client,
    cursor: async () =>
      (await client.request<{ store: { cursor: string } }>('{ store { cursor } }')).store.cursor,
  };
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const withoutTimes = (text: string) => linesOf(text).map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ''));
const cursorIn = (stderr: string) => /^To go on from here: --after (\S+)$/m.exec(stderr)?.[1];

describe('sessiontree tail', () => {
  test('writes a line for each change, and ends once the session is deleted', async () => {
    const { url, client, cursor } = await openStore();
    const after = await cursor();
    await client.sessions.spawn('trip', { id: 'flights', title: 'Find flights', agentName: 'searcher' });
    await client.history.append('flights', [
      { role: 'USER', content: 'Find\nflights' },
      { role: 'ASSISTANT', content: '', toolCalls: [{ toolCallId: '1', name: 'grep', arguments: {} }] },
    ]);
    await client.sessions.update('trip', { status: 'WAITING', statusMessage: 'Which one?' });
    const running = new Running(['tail', 'trip', '--url', url, '--after', after]);
    await running.until(() => expect(linesOf(running.stdout)).toHaveLength(3));
    await client.history.truncate('flights', 1);
    await running.until(() => expect(running.stdout).toContain('TRUNCATED'));
    await client.sessions.move('flights', { asRoot: true });
    await running.until(() => expect(running.stdout).toContain('LEFT'));
    await client.sessions.delete('trip');
    expect(await running.code()).toBe(0);
    expect(withoutTimes(running.stdout)).toEqual([
      'flights  CREATED    beneath trip  Find flights  searcher',
      'flights  APPENDED   USER: Find flights  ASSISTANT: grep',
      'trip  UPDATED    WAITING: Which one?  Plan a trip',
      'flights  TRUNCATED  after 1 message',
      'flights  LEFT       from trip',
      'trip  DELETED',
    ]);
    expect(running.stdout).toMatch(/^(\d\d:\d\d:\d\d {2}.*\n){6}$/);
  });

  test('--json writes batches with their cursors; SIGINT ends it with 0, and it says where to go on', async () => {
    const { url, client } = await openStore();
    const running = new Running(['tail', '--url', url, '--json']);
    await running.until(() => expect(linesOf(running.stdout)).toHaveLength(1));
    await client.sessions.create({ id: 'other' });
    await running.until(() => expect(linesOf(running.stdout)).toHaveLength(2));
    running.child.kill('SIGINT');
    expect(await running.code()).toBe(0);
    const batches = linesOf(running.stdout).map((line) => JSON.parse(line) as object);
    expect(batches).toMatchObject([
      { changes: [], isUpToDate: true },
      { changes: [{ kind: 'CREATED', sessionId: 'other', session: { id: 'other' } }], isReset: false },
    ]);
    expect(running.stderr).toBe(`To go on from here: --after ${(batches[1] as { cursor: string }).cursor}\n`);
    await client.sessions.create({ id: 'third' });
    const next = new Running(['tail', '--url', url, '--after', cursorIn(running.stderr)!]);
    await next.until(() => expect(withoutTimes(next.stdout)).toEqual(['third  CREATED    at the top']));
  });

  test('goes on after a lost connection, says so, and writes each message once', async () => {
    const { url, client } = await openStore();
    const proxy = await openCutProxy(url);
    const running = new Running([
      'tail',
      'trip',
      '--url',
      proxy.url,
      '--after',
      (await client.request<{ store: { cursor: string } }>('{ store { cursor } }')).store.cursor,
    ]);
    const contents = Array.from({ length: 40 }, (_, n) => `message ${n};`);
    for (const [n, content] of contents.entries()) {
      await client.history.append('trip', { role: 'USER', content });
      if (n % 13 === 0) {
        await running.until(() => expect(running.stdout).toContain(content));
        proxy.cut();
      } else if (n % 13 < 3) await running.until(() => expect(running.stdout).toContain(content));
    }
    await running.until(() => expect(running.stdout).toContain(contents.at(-1)));
    expect(running.stderr).toMatch(
      /^Expected an answer of .*, got: closed: 1006\b.*Going on from the last change …$/m,
    );
    const shown = running.stdout.match(/message \d+;/g)!;
    expect(new Set(shown).size).toBe(shown.length);
    const positions = shown.map((text) => contents.indexOf(text));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  test('says that what changed since the cursor of another store is not known', async () => {
    const { url } = await openStore();
    const other = await openStore();
    const running = new Running(['tail', '--url', url, '--after', await other.cursor()]);
    await running.until(() => expect(running.stderr).toContain('read the tree again'));
  });

  test('what sessions say never drives the terminal', async () => {
    const { url, client, cursor } = await openStore();
    const after = await cursor();
    const evil = '\u001b[2J\u202e';
    await client.sessions.spawn('trip', { title: evil, agentName: evil });
    await client.sessions.update('trip', { title: evil, statusMessage: evil, status: 'WAITING' });
    await client.history.append('trip', { role: 'TOOL', toolCallId: '1', name: evil, content: evil });
    const running = new Running(['tail', '--url', url, '--after', after]);
    await running.until(() => expect(linesOf(running.stdout)).toHaveLength(3));
    expect(running.stdout.match(/\\u001b\[2J\\u202e/g)).toHaveLength(6);
    expect(running.stdout).not.toContain('\u001b');
  });

  test.runIf(hasCommand('bash'))('ends without a word of error when its reader has seen enough', async () => {
    const { url, client, cursor } = await openStore();
    const after = await cursor();
    await client.sessions.create({ id: 'first' });
    const piped = `"$0" "${CLI}" tail --url "$1" --after "$2" | head -1; echo "\${PIPESTATUS[0]}"`;
    const ended = promisify(execFile)('bash', ['-c', piped, process.execPath, url, after]);
    // It notices at its next lines.
    const written: Promise<unknown>[] = [];
    const writing = setInterval(() => written.push(client.sessions.create()), 50);
    const { stdout, stderr } = await ended.finally(() => clearInterval(writing));
    // The server is stopped after the test, perhaps before the last one has reached it.
    await Promise.all(written);
    expect(withoutTimes(stdout)).toEqual(['first  CREATED    at the top', '0']);
    expect(stderr).toMatch(/^To go on from here: --after \S+\n$/);
  });

  test('says what is wrong: a session that is not there, a cursor that is none, no server', async () => {
    const { url } = await openStore();
    expect(await runCli(['tail', 'nobody', '--url', url])).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^within: expected the id of a session, .*\n$/),
    });
    expect(await runCli(['tail', 'trip', '--url', url, '--after', 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^after: expected a cursor.*\n$/),
    });
    expect(await runCli(['tail', '--url', 'http://127.0.0.1:9'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Is a server running there?'),
    });
  });
});

describe('sessiontree tree --watch', () => {
  test('draws the tree at each change, until the session is deleted', async () => {
    const { url, client } = await openStore();
    const running = new Running(['tree', 'trip', '--watch', '--url', url]);
    const drawings = () => running.stdout.split('\n\n').filter((drawing) => drawing !== '');
    await running.until(() => expect(drawings()).toHaveLength(1));
    await client.sessions.spawn('trip', { id: 'flights', title: 'Find flights' });
    await running.until(() => expect(drawings().at(-1)).toContain('└── Find flights'));
    await client.sessions.update('flights', { status: 'RUNNING' });
    await running.until(() => expect(drawings().at(-1)).toMatch(/└── Find flights {2}- +RUNNING/));
    await client.sessions.delete('trip', { mode: 'CASCADE' });
    expect(await running.code()).toBe(0);
    expect(running.stderr).toBe('');
  });

  test('SIGINT ends it with 0', async () => {
    const { url } = await openStore();
    const running = new Running(['tree', 'trip', '--watch', '--url', url]);
    await running.until(() => expect(running.stdout).toContain('Plan a trip'));
    running.child.kill('SIGINT');
    expect(await running.code()).toBe(0);
  });

  test('is for people: not together with --json', async () => {
    expect(await runCli(['tree', 'trip', '--watch', '--json'])).toMatchObject({ code: 2, stdout: '' });
  });
});
