import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Sessiontree } from '../../packages/client/src/index.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { startTestServer } from '../server/running.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

/** Trees that were last active 200, 100 and 50 days ago, the oldest archived; and one whose child was active a day ago. */
async function fill(
  create: SessionRepository['create'],
  archive: (id: string) => Promise<unknown>,
): Promise<void> {
  const root = (id: string, days: number, project: string) =>
    create({
      id,
      title: `The ${id}\ntree`,
      project,
      createdAt: daysAgo(days),
      metadata: { note: 'prunedsecret' },
    });
  await root('new', 50, 'site');
  await root('old', 100, 'site');
  await create({ id: 'old-child', parentId: 'old', createdAt: daysAgo(99.5) });
  await root('oldest', 200, 'app');
  await archive('oldest');
  await root('alive', 300, 'site');
  await create({ id: 'alive-child', parentId: 'alive', createdAt: daysAgo(1) });
}

async function directoryWithTrees(): Promise<string> {
  const directory = await temporaryDirectory();
  const store = await openFileRepository({ directory });
  await fill(
    (input) => store.create(input),
    (id) => store.archive({ sessionId: id, archived: true, subtree: true }),
  );
  await store.close();
  return directory;
}

async function idsIn(directory: string): Promise<string[]> {
  const store = await openFileRepository({ directory });
  const ids = ['alive', 'alive-child', 'new', 'old', 'old-child', 'oldest'];
  const found = await store.findMany(ids);
  await store.close();
  return ids.filter((_, n) => found[n] !== null);
}

const prune = (directory: string, ...args: string[]) => runCli(['prune', '--data', directory, ...args]);

describe('sessiontree prune', () => {
  it('lists what it would delete, the longest inactive first, and deletes nothing', async () => {
    const directory = await directoryWithTrees();
    const { code, stdout, stderr } = await prune(directory, '--older-than', '90d', '--dry-run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^oldest {2}1 session, last active \d{4}-.*Z {2}The oldest tree$/),
      expect.stringMatching(/^old {2}2 sessions, last active \d{4}-.*Z {2}The old tree$/),
      'would delete 2 trees with 3 sessions',
      '',
    ]);
    expect(await idsIn(directory)).toHaveLength(6);
  });

  it.each([
    [[], 'deleted 2 trees with 3 sessions', ['alive', 'alive-child', 'new']],
    [['--archived'], 'deleted 1 tree with 1 session', ['alive', 'alive-child', 'new', 'old', 'old-child']],
    [['--project', 'site'], 'deleted 1 tree with 2 sessions', ['alive', 'alive-child', 'new', 'oldest']],
    [
      ['--project', 'none'],
      'deleted 0 trees with 0 sessions',
      ['alive', 'alive-child', 'new', 'old', 'old-child', 'oldest'],
    ],
  ])('deletes whole trees by the latest activity in them: %j', async (args, said, left) => {
    const directory = await directoryWithTrees();
    expect(await prune(directory, '--older-than', '90d', ...args)).toEqual({
      code: 0,
      stdout: `${said}\n`,
      stderr: '',
    });
    expect(await idsIn(directory)).toEqual(left);
  });

  it('leaves nothing of them on the disk with --purge', async () => {
    const directory = await directoryWithTrees();
    const holds = () =>
      (readdirSync(directory, { recursive: true }) as string[])
        .filter((name) => statSync(join(directory, name)).isFile())
        .filter((name) => readFileSync(join(directory, name)).includes('prunedsecret'));
    expect(holds()).not.toEqual([]);
    const ended = await prune(directory, '--older-than', '0h', '--purge');
    expect(ended).toEqual({ code: 0, stdout: 'purged 4 trees with 6 sessions\n', stderr: '' });
    expect(holds()).toEqual([]);
  });

  it('prunes the store of a running server with --url, and says so where a server owns the directory', async () => {
    const directory = await temporaryDirectory();
    const { url } = await startTestServer({ dataDirectory: directory });
    const client = new Sessiontree(url);
    await fill(
      async ({ parentId, id, title, project, metadata, createdAt }) => {
        const input = {
          id: id!,
          title: title ?? null,
          project: project ?? null,
          metadata: metadata ?? null,
          createdAt: createdAt!,
        };
        const { session } = await (parentId == null
          ? client.sessions.create(input)
          : client.sessions.spawn(parentId, input));
        return session as never;
      },
      (id) => client.sessions.archive(id),
    );
    const refused = await prune(directory, '--older-than', '90d');
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/--url\.\n$/) });
    const remote = (...args: string[]) => runCli(['prune', '--url', url, '--older-than', '90d', ...args]);
    expect((await remote('--dry-run')).stdout).toMatch(
      /^oldest .*\nold .*\nwould delete 2 trees with 3 sessions\n$/,
    );
    expect(await remote('--purge')).toEqual({
      code: 0,
      stdout: 'purged 2 trees with 3 sessions\n',
      stderr: '',
    });
    expect(await client.sessions.get('old-child')).toBeNull();
    expect(await client.sessions.get('alive-child')).not.toBeNull();
  });

  it('refuses a wrong command line, and makes no data directory', async () => {
    const directory = join(await temporaryDirectory(), 'none');
    expect(await prune(directory)).toMatchObject({ code: 2 });
    expect(await prune(directory, '--older-than', '90')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Expected an age such as 90d'),
    });
    expect(await prune(directory, '--older-than', '90d', '--url', 'http://127.0.0.1:1')).toMatchObject({
      code: 2,
    });
    expect(await prune(directory, '--older-than', '90d')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('expected a data directory'),
    });
    expect(existsSync(directory)).toBe(false);
  });
});
