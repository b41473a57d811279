import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Sessiontree } from '../../packages/client/src/index.ts';
import { startTestServer } from '../server/running.ts';
import { type Ended, runCli } from './run.ts';

const UTF8 = { LC_ALL: 'C.UTF-8' };

interface Store {
  readonly url: string;
  readonly client: Sessiontree;
}

/** A server with a tree of a trip, four levels deep. */
async function openStore(): Promise<Store> {
  const { url } = await startTestServer();
  const client = new Sessiontree(url);
  const usage = (inputTokens: number, costUsd?: number) => ({ inputTokens, outputTokens: 1, costUsd });
  await client.sessions.create({
    id: 'trip',
    key: 'slack/1',
    title: 'Plan a trip',
    messages: [
      { role: 'USER', content: 'Where to?' },
      { role: 'ASSISTANT', content: 'Lisbon', usage: usage(1_199, 0.1) },
    ],
  });
  await client.sessions.spawn('trip', { id: 'flights', agentName: 'searcher', status: 'RUNNING' });
  await client.history.append('flights', [
    { role: 'SYSTEM', content: 'You find flights.' },
    { role: 'USER', content: '\n Find   flights\nto Lisbon ' },
    { role: 'ASSISTANT', content: 'Two', usage: usage(9, 0.2) },
  ]);
  await client.sessions.spawn('flights', { id: 'prices', title: '値段を調べる' });
  await client.sessions.spawn('prices', { id: 'deepest', title: 'Deepest' });
  await client.sessions.spawn('trip', { id: 'hotels' });
  return { url, client };
}

/** `sessiontree tree`, which is expected to succeed. */
async function treeOf({ url }: Store, args: readonly string[] = [], env: NodeJS.ProcessEnv = UTF8) {
  const ended = await runCli(['tree', 'trip', ...args], { SESSIONTREE_URL: url, ...env });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

describe('sessiontree tree', () => {
  test('draws a tree: the title or else the first words of each session, and what it does', async () => {
    expect(await treeOf(await openStore())).toBe(
      lines(
        'SESSION                     AGENT     STATUS   MESSAGES  ACTIVE  ID',
        'Plan a trip                 -         IDLE            2     now  trip',
        '├── Find flights to Lisbon  searcher  RUNNING         3     now  flights',
        '│   └── 値段を調べる        -         IDLE            0     now  prices',
        '│       └── Deepest         -         IDLE            0     now  deepest',
        '└── untitled                -         IDLE            0     now  hotels',
      ),
    );
  });

  test('adds up tokens and costs, though fewer levels are drawn', async () => {
    expect(await treeOf(await openStore(), ['--cost', '--depth', '1'])).toBe(
      lines(
        'SESSION                     AGENT     STATUS   MESSAGES  ACTIVE  TOKENS     COST  TREE TOKENS  TREE COST  ID',
        'Plan a trip                 -         IDLE            2     now    1.2K  $0.1000         1.2K    $0.3000  trip',
        '├── Find flights to Lisbon  searcher  RUNNING         3     now      10  $0.2000           10    $0.2000  flights',
        '│   └── … 1 child',
        '└── untitled                -         IDLE            0     now       0        -            0          -  hotels',
      ),
    );
  });

  test('is drawn with ASCII characters where the locale is not UTF-8, or on request', async () => {
    const store = await openStore();
    const drawn = await treeOf(store, ['--depth', '2'], { LC_ALL: 'C' });
    expect(drawn.split('\n').map((line) => line.slice(0, 26).trimEnd())).toEqual([
      'SESSION',
      'Plan a trip',
      '|-- Find flights to Lisbon',
      expect.stringMatching(/^\| {3}`-- 値段を調べる +-/),
      '|       `-- ... 1 child',
      '`-- untitled',
      '',
    ]);
    expect(await treeOf(store, ['--depth', '2', '--ascii'])).toBe(drawn);
  });

  test('--json writes a line per session, in pre-order, with what its tree used', async () => {
    const store = await openStore();
    const parsed = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
    expect(parsed(await treeOf(store, ['--json', '--depth', '0']))).toEqual([
      await store.client.sessions.get('trip'),
    ]);
    const all = parsed(await treeOf(store, ['--json', '--cost']));
    expect(all).toMatchObject([
      {
        id: 'trip',
        usage: { inputTokens: 1_199 },
        treeUsage: { inputTokens: 1_208, outputTokens: 2, costUsd: 0.3 },
      },
      { id: 'flights', depth: 1, treeUsage: { inputTokens: 9, costUsd: 0.2 } },
      { id: 'prices', treeUsage: { costUsd: null } },
      { id: 'deepest' },
      { id: 'hotels' },
    ]);
  });

  test('finds a session by its key', async () => {
    const store = await openStore();
    await store.client.sessions.create({ id: 'of-ada', key: 'slack/2', userId: 'ada' });
    const env = { ...UTF8, SESSIONTREE_URL: store.url };
    expect((await runCli(['tree', 'key:slack/1', '--depth', '0'], env)).stdout).toContain('trip');
    expect((await runCli(['tree', 'key:slack/2', '--owner', 'ada'], env)).stdout).toContain('of-ada');
    expect(await runCli(['tree', 'key:slack/2'], env)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no session with the key "slack/2".\n',
    });
  });

  test('what sessions say never drives the terminal', async () => {
    const store = await openStore();
    const evil = '\u001b[2J\u202e\n';
    await store.client.sessions.update('trip', { title: evil, agentName: evil });
    await store.client.history.append('hotels', { role: 'USER', content: evil });
    const drawn = await treeOf(store);
    expect(drawn.match(/\\u001b\[2J\\u202e/g)).toHaveLength(3);
    expect(drawn).not.toContain('\u001b');
    expect(drawn).not.toContain('\u202e');
  });

  test('sends the token of SESSIONTREE_TOKEN, to /graphql where the URL has no path', async () => {
    const seen: unknown[] = [];
    const server = createServer(({ url, headers }, response) => {
      seen.push([url, headers.authorization]);
      response.end('{"data":{"session":null}}');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await runCli(['tree', 'trip', '--url', `http://127.0.0.1:${port}`], { SESSIONTREE_TOKEN: 'secret' });
    expect(seen).toEqual([['/graphql', 'Bearer secret']]);
  });
});

describe('sessiontree tree says what is wrong', () => {
  test('a session that is not there, and how to name one by its key', async () => {
    const { url } = await openStore();
    const { code, stdout, stderr } = await runCli(['tree', 'slack/1', '--url', url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'There is no session "slack/1". Expected an id; if this is a key, write "key:slack/1", with --owner if the tree belongs to a user.\n',
    );
  });

  test('no server there', async () => {
    // Port 9 is that of the discard protocol, which nobody serves.
    const { code, stdout, stderr } = await runCli(['tree', 'trip', '--url', 'http://127.0.0.1:9']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^Expected an answer of http:\/\/127\.0\.0\.1:9\/graphql, got: .*\. Is a server running there\? .*--url names another\.\n$/,
    );
  });

  test('a server that is not Sessiontree', async () => {
    const { url } = await startTestServer();
    const { code, stderr } = await runCli(['tree', 'trip', '--url', new URL('/health', url).href]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Expected an answer of .*\/health, got: status \d+, .*\n$/);
  });

  test.each([
    [['tree']],
    [['tree', 'a', '--depth', '-1']],
    [['tree', 'a', '--url', 'ftp://localhost/']],
    [['tree', 'a', '--url', 'localhost:4000']],
  ])('a wrong command line: %j', async (args) => {
    expect(await runCli(args)).toMatchObject({ code: 2, stdout: '' } satisfies Partial<Ended>);
  });
});

const TERMINAL = '/usr/bin/script';

describe.runIf(existsSync(TERMINAL))('on a terminal', () => {
  /** The output of `tree` on a terminal of 70 columns. */
  async function drawnOnTerminal({ url }: Store, env: NodeJS.ProcessEnv): Promise<string> {
    const cli = join(import.meta.dirname, '../../src/cli.ts');
    const command = `stty cols 70; '${process.execPath}' '${cli}' tree trip --url '${url}'`;
    const child = spawn(TERMINAL, ['-qec', command, '/dev/null'], {
      env: { PATH: process.env.PATH, TERM: 'xterm-256color', SHELL: '/bin/bash', ...UTF8, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return text(child.stdout);
  }

  test('it has colours, unless NO_COLOR is set', async () => {
    const store = await openStore();
    expect(await drawnOnTerminal(store, {})).toContain('\u001b[32mRUNNING');
    expect(await drawnOnTerminal(store, { NO_COLOR: '1' })).not.toContain('\u001b[');
  });

  test('names are cut so that lines fit', async () => {
    const store = await openStore();
    await store.client.sessions.update('prices', { title: '値段'.repeat(40) });
    const [, , , line] = (await drawnOnTerminal(store, { NO_COLOR: '1' })).split('\r\n');
    expect(line).toContain('値…');
    // Fifteen of its characters take two columns.
    expect(line!.length).toBeLessThanOrEqual(70);
  });
});
