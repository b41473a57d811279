import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Sessiontree } from '../../packages/client/src/index.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { openPostgresRepository } from '../../src/repository/postgres/open.ts';
import { startServer } from '../../src/server/http.ts';
import { startTestServer, testConfig } from '../server/running.ts';
import { createTestLogger } from '../server/support.ts';
import { createDatabase } from '../support/postgres/database.ts';
import { sharedPostgres } from '../support/postgres/shared.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { connectMcp, type McpConnection } from './mcp-client.ts';
import { runCli } from './run.ts';

/** `sessiontree mcp`, closed after the test. */
async function openMcp(args: readonly string[], env?: Record<string, string>): Promise<McpConnection> {
  const mcp = await connectMcp(args, env);
  onTestFinished(() => mcp.client.close());
  return mcp;
}

/** Runs a server on a data directory while `work` runs. */
async function whileServed(
  dataDirectory: string,
  work: (store: Sessiontree, url: string) => Promise<unknown>,
) {
  const server = await startServer(await testConfig({ dataDirectory }), {
    logger: createTestLogger().logger,
  });
  try {
    await work(new Sessiontree(server.url), server.url);
  } finally {
    await server.stop();
  }
}

/** A data directory with a tree of a trip, which its owner has left. */
async function filledDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  const repository = await openFileRepository({ directory });
  await repository.create({
    id: 'trip',
    title: 'Plan a trip',
    messages: [{ role: 'USER', content: 'To Lisbon?' }],
  });
  await repository.create({ id: 'flights', parentId: 'trip', status: 'WAITING' });
  const usage = { ...NO_USAGE, inputTokens: 3, outputTokens: 1 };
  await repository.append({ sessionId: 'trip', messages: [{ role: 'ASSISTANT', content: 'Yes.', usage }] });
  await repository.close();
  return directory;
}

/** Every file of a directory, with its time and a hash of what it holds. */
async function stateOf(directory: string): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  for (const name of (await readdir(directory, { recursive: true })).toSorted()) {
    const path = join(directory, name);
    const stats = await stat(path);
    const hash = stats.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : '';
    state[name] = `${stats.mtimeMs} ${hash}`;
  }
  return state;
}

/** What each reading tool finds of the trip. */
async function readAll(mcp: McpConnection): Promise<void> {
  const answers = {
    list_sessions: [{}, '- trip "Plan a trip"'],
    list_running: [{}, '- flights untitled (WAITING since'],
    show_tree: [{ session: 'trip' }, '  - flights'],
    read_transcript: [{ session: 'trip' }, '| To Lisbon?'],
    search_messages: [{ query: 'lisbon' }, '| To <<Lisbon>>?'],
    usage_report: [{}, 'input tokens: 3'],
  } as const;
  for (const [tool, [args, expected]] of Object.entries(answers)) {
    const { isError, text } = await mcp.call(tool, args);
    expect({ tool, isError, text }).toEqual({
      tool,
      isError: false,
      text: expect.stringContaining(expected),
    });
  }
}

/** Each of these tests starts several processes. */
const timeout = 90_000;

describe('a data directory without --write', { timeout }, () => {
  test('is read and searched, and nothing in it changes', async () => {
    const directory = await filledDirectory();
    const before = await stateOf(directory);
    // The variable of a server counts less than a flag.
    const mcp = await openMcp(['--data', directory], { SESSIONTREE_URL: 'http://127.0.0.1:9' });
    await readAll(mcp);
    // Any number of them at once.
    await readAll(await openMcp(['--data', directory]));
    expect(await stateOf(directory)).toEqual(before);
    await mcp.client.close();
    expect(await stateOf(directory)).toEqual(before);
  });

  test('is read though its indexes are missing, as after a crash', async () => {
    const directory = await filledDirectory();
    for (const name of ['index.db', 'index.clean.json', 'search.db'])
      await rm(join(directory, name), { force: true });
    const before = await stateOf(directory);
    await readAll(await openMcp(['--data', directory]));
    expect(await stateOf(directory)).toEqual(before);
  });

  test('keeps no server from starting; meanwhile each call points to it, and afterwards sees what it wrote', async () => {
    const directory = await filledDirectory();
    const mcp = await openMcp(['--data', directory]);
    await readAll(mcp);
    await whileServed(directory, async (store) => {
      await store.history.append('flights', { role: 'ASSISTANT', content: 'A word that is new: quetzal' });
      const { isError, text } = await mcp.call('list_sessions');
      expect(isError).toBe(true);
      expect(text).toMatch(
        /^The data directory .* is in use by process \d+ .*--url http:\/\/127\.0\.0\.1:4000\/graphql/,
      );
    });
    const { text } = await mcp.call('search_messages', { query: 'quetzal' });
    expect(text).toContain('- flights:0 ASSISTANT');
    await readAll(mcp);
  });

  test('leaves nothing in the directory for temporary files', async () => {
    const TMPDIR = await temporaryDirectory();
    const mcp = await openMcp(['--data', await filledDirectory()], { TMPDIR });
    await readAll(mcp);
    expect(await readdir(TMPDIR)).toEqual([expect.stringMatching(/^sessiontree-/)]);
    await mcp.client.close();
    await expect.poll(() => readdir(TMPDIR)).toEqual([]);
  });

  test('is read from one snapshot, however often a server has run there', async () => {
    const TMPDIR = await temporaryDirectory();
    const directory = await filledDirectory();
    const mcp = await openMcp(['--data', directory], { TMPDIR });
    for (const content of ['quokka', 'numbat']) {
      await whileServed(directory, (store) => store.history.append('flights', { role: 'USER', content }));
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => mcp.call('search_messages', { query: content })),
      );
      expect(answers.map(({ data }) => data!.totalCount)).toEqual([1, 1, 1, 1, 1]);
      await expect.poll(() => readdir(TMPDIR)).toHaveLength(1);
    }
  });

  test('must hold a store: none is made', async () => {
    const directory = await temporaryDirectory();
    const { code, stdout, stderr } = await runCli(['mcp', '--data', join(directory, 'missing')]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/missing/);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('a data directory with --write', { timeout }, () => {
  test('is written to, as by a server', async () => {
    const directory = await temporaryDirectory();
    const mcp = await openMcp(['--data', directory, '--write']);
    const { data } = await mcp.call('create_session', { title: 'Made here' });
    const { id } = data!.session as { id: string };
    expect((await mcp.call('list_sessions')).text).toContain(`- ${id} "Made here"`);
    await mcp.client.close();
    const repository = await openFileRepository({ directory });
    onTestFinished(() => repository.close());
    expect(await repository.findMany([id])).toMatchObject([{ title: 'Made here' }]);
  });
});

test.each([[[]], [['--write']]])(
  'a data directory that a server has open is refused, with the way to it: %j',
  async (more) => {
    const dataDirectory = await temporaryDirectory();
    await startTestServer({ dataDirectory });
    const { code, stdout, stderr } = await runCli(['mcp', '--data', dataDirectory, ...more]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      / is in use by process .* --url http:\/\/127\.0\.0\.1:4000\/graphql in the place of --data\.\n$/,
    );
  },
);

test('a database is read and searched; one without the tables is left as it is', async () => {
  const { url, drop } = await createDatabase(await sharedPostgres());
  onTestFinished(drop);
  const refused = await runCli(['mcp'], { SESSIONTREE_STORE: url });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  const repository = await openPostgresRepository({ url });
  await repository.create({
    id: 'trip',
    title: 'Plan a trip',
    messages: [{ role: 'USER', content: 'To Lisbon?' }],
  });
  await repository.close();
  const mcp = await connectMcp([], { SESSIONTREE_STORE: url });
  const { text } = await mcp.call('search_messages', { query: 'lisbon' });
  await mcp.client.close();
  expect(text).toContain('| To <<Lisbon>>?');
});

describe('the place', { timeout }, () => {
  test('can be that of a variable, of which that of a server wins', async () => {
    const SESSIONTREE_DATA = await filledDirectory();
    const { url: SESSIONTREE_URL } = await startTestServer();
    const countOf = async (env: Record<string, string>) => {
      const mcp = await openMcp([], env);
      return (await mcp.call('list_sessions')).data!.totalCount;
    };
    expect(await countOf({ SESSIONTREE_DATA })).toBe(1);
    expect(await countOf({ SESSIONTREE_DATA, SESSIONTREE_URL })).toBe(0);
  });

  test.each([
    [['--url', 'http://127.0.0.1:4000', '--data', 'x']],
    [['--data', 'x', '--store', 'postgres://u@h/d']],
    [['anything']],
  ])('is one: %j is a wrong command line', async (args) => {
    expect(await runCli(['mcp', ...args])).toMatchObject({ code: 2, stdout: '' });
  });
});
