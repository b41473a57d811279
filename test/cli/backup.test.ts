import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Sessiontree } from '../../packages/client/src/index.ts';
import { sessionPath } from '../../src/repository/files/format/layout.ts';
import { openFileRepositoryForReading } from '../../src/repository/files/open.ts';
import { backUpDataDirectory } from '../../src/repository/files/tools/backup/backup.ts';
import { checkDataDirectory } from '../../src/repository/files/tools/check.ts';
import { ServerProcess } from '../attacks/server-process.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { Random } from '../torture/random.ts';
import { runCli } from './run.ts';

interface Served {
  readonly url: string;
  readonly client: Sessiontree;
}

async function serve(directory: string): Promise<Served> {
  const server = await ServerProcess.start({ directory });
  onTestFinished(() => server.kill());
  const url = `http://127.0.0.1:${server.port}/graphql`;
  return { url, client: new Sessiontree(url) };
}

/** What a client was answered of a session: the latest version, and all messages, in order. */
interface Known {
  version: number;
  readonly contents: string[];
}

/** Writes to a server until it is told to stop, and remembers what was answered. */
class Writer {
  readonly #client: Sessiontree;
  readonly #random: Random;
  readonly #name: string;
  readonly known = new Map<string, Known>();
  /** Sessions of which the deletion was sent, and those of which it was answered. */
  readonly deleting = new Set<string>();
  readonly deleted = new Set<string>();
  #count = 0;
  stopped = false;

  constructor(client: Sessiontree, name: string, seed: number) {
    this.#client = client;
    this.#name = name;
    this.#random = new Random(seed);
  }

  async run(): Promise<void> {
    while (!this.stopped) await this.#mutate();
  }

  async #mutate(): Promise<void> {
    const { sessions, history } = this.#client;
    this.#count += 1;
    const ids = [...this.known.keys()].filter((id) => !this.deleting.has(id));
    const id = ids[this.#random.below(ids.length || 1)];
    const what = this.#random.below(10);
    if (id === undefined || what < 3) {
      const made = `${this.#name}-${this.#count}`;
      const input = { id: made, title: made };
      if (id === undefined || what === 0) await sessions.create(input);
      else await sessions.spawn(id, input);
      this.known.set(made, { version: 1, contents: [] });
    } else if (what < 8) {
      const content = `${this.#name} says ${this.#count}`;
      const known = this.known.get(id)!;
      const { session } = await history.append(id, { role: 'USER', content });
      known.contents.push(content);
      known.version = session.version;
    } else if (what < 9) {
      const parentId = ids[this.#random.below(ids.length)]!;
      const { session } = await sessions.move(id, { parentId }).catch((error) => {
        // Beneath itself.
        if ((error as Error).name !== 'InvalidInputError') throw error;
        return { session: { version: 0 } };
      });
      const known = this.known.get(id)!;
      known.version = Math.max(known.version, session.version);
    } else if (ids.length > 8) {
      // All beneath goes, too: what that is, is known to the server.
      const { deletedIds } = await sessions.delete(id, { mode: 'CASCADE', dryRun: true });
      for (const gone of deletedIds) this.deleting.add(gone);
      await sessions.delete(id, { mode: 'CASCADE' });
      for (const gone of deletedIds) this.deleted.add(gone);
    }
  }
}

type Copy = ReadonlyMap<string, Known>;

/** All sessions of a store, with all that they say. */
async function readStore(directory: string): Promise<Copy> {
  const reader = await openFileRepositoryForReading({ directory });
  try {
    const found = new Map<string, Known>();
    const page = { limit: 10_000, from: 'start' as const };
    const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
    const { items } = await reader.list({}, order, page);
    for (const { id, version } of items) {
      const [history] = await reader.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
      found.set(id, { version, contents: history!.items.map(({ content }) => content) });
    }
    return found;
  } finally {
    await reader.close();
  }
}

/** What was answered up to now, as a backup must have it. */
function answered(writers: readonly Writer[]) {
  const known = new Map<string, { version: number; length: number }>();
  for (const writer of writers)
    for (const [id, { version, contents }] of writer.known)
      if (!writer.deleting.has(id)) known.set(id, { version, length: contents.length });
  return { known, deleted: new Set(writers.flatMap((writer) => [...writer.deleted])) };
}

const bytesOfSessions = (directory: string) =>
  ['a', 'd', 'late'].reduce((sum, id) => sum + statSync(join(directory, sessionPath(id))).size, 0);

const deletions = (writers: readonly Writer[]) => writers.reduce((sum, { deleted }) => sum + deleted.size, 0);

describe('sessiontree backup', () => {
  it('beside a server under load has all that was answered before, and nothing that never was', {
    timeout: 90_000,
  }, async () => {
    const data = await temporaryDirectory();
    const backup = join(await temporaryDirectory(), 'backup');
    const { client } = await serve(data);
    const writers = [1, 2, 3, 4, 5, 6].map((n) => new Writer(client, `w${n}`, n));
    const writing = Promise.all(writers.map((writer) => writer.run()));
    // Should the test fail, the server ends before they do.
    writing.catch(() => {});
    const rounds: { copy: Copy; before: ReturnType<typeof answered>; gone: ReadonlySet<string> }[] = [];
    for (let round = 0; round < 3; round += 1) {
      await vi.waitFor(() => expect(deletions(writers)).toBeGreaterThan(2 * round), { timeout: 25_000 });
      const before = answered(writers);
      const { problems } = await backUpDataDirectory({ directory: data, destination: backup });
      const gone = new Set(writers.flatMap((writer) => [...writer.deleting]));
      expect(problems).toEqual([]);
      expect((await checkDataDirectory({ directory: backup })).problems).toEqual([]);
      rounds.push({ copy: await readStore(backup), before, gone });
    }
    for (const writer of writers) writer.stopped = true;
    await writing;
    const all = new Map(writers.flatMap((writer) => [...writer.known]));
    for (const { copy, before, gone } of rounds) {
      for (const [id, { version, length }] of before.known) {
        const found = copy.get(id);
        if (!found && gone.has(id)) continue;
        expect(found, id).toBeDefined();
        expect(found!.version, id).toBeGreaterThanOrEqual(version);
        expect(found!.contents.length, id).toBeGreaterThanOrEqual(length);
      }
      for (const [id, { version, contents }] of copy) {
        expect(before.deleted.has(id), id).toBe(false);
        expect(all.get(id)!.version, id).toBeGreaterThanOrEqual(version);
        expect(contents, id).toEqual(all.get(id)!.contents.slice(0, contents.length));
      }
    }
  });

  it('is of a later moment where sessions are deleted while their files are copied', async () => {
    const data = await temporaryDirectory();
    const backup = join(await temporaryDirectory(), 'backup');
    const { url, client } = await serve(data);
    for (const id of ['a', 'b', 'c', 'd']) await client.sessions.create({ id });
    await client.sessions.spawn('c', { id: 'c1' });
    const query = `mutation {
      spawnSession(input: { parentId: "a", id: "late" }) { __typename }
      appendMessages(input: { sessionId: "a", messages: [{ role: USER, content: "late" }] }) { __typename }
      ofOneThatIsCopied: deleteSession(input: { sessionId: "b" }) { __typename }
      deleteSession(input: { sessionId: "c", mode: CASCADE }) { ... on DeleteSessionPayload { deletedIds } }
    }`;
    let isDeleted = false;
    const report = await backUpDataDirectory({
      directory: data,
      destination: backup,
      onProgress(stage, done) {
        if (isDeleted || stage !== 'Copying sessions' || done !== 2) return;
        isDeleted = true;
        const body = JSON.stringify({ query });
        const program = `const headers = { 'content-type': 'application/json' };
          const answer = await fetch(${JSON.stringify(url)}, { method: 'POST', headers, body: ${JSON.stringify(body)} });
          console.log(await answer.text());`;
        const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
        expect(stdout.toString()).toContain('"deletedIds":["c","c1"]');
      },
    });
    expect(report).toMatchObject({ sessionCount: 3, copiedCount: 3, problems: [] });
    expect(report.copiedBytes).toBe(bytesOfSessions(backup));
    expect(existsSync(join(backup, sessionPath('b')))).toBe(false);
    expect((await checkDataDirectory({ directory: backup })).problems).toEqual([]);
    expect(await readStore(backup)).toEqual(
      new Map([
        ['a', { version: 2, contents: ['late'] }],
        ['d', { version: 1, contents: [] }],
        ['late', { version: 1, contents: [] }],
      ]),
    );
  });

  it('lists what is damaged, copies it as it is, and ends with 1; with 2 for a wrong command line', async () => {
    const data = await temporaryDirectory();
    const backup = join(await temporaryDirectory(), 'backup');
    await runCli(['import', join(import.meta.dirname, '../fixtures/seed'), '--data', data]);
    const whole = await runCli(['backup', backup, '--data', data]);
    expect(whole).toEqual({
      code: 0,
      stdout: '11 sessions, 0.2 MB: 11 copied (0.2 MB); no problems\n',
      stderr: '',
    });
    rmSync(join(data, sessionPath('9a396944')));
    const { code, stdout } = await runCli(['backup', backup, '--data', data]);
    expect({
      code,
      lines: stdout
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 45)),
    }).toEqual({
      code: 1,
      lines: [
        'sessions/ba/9a396944.jsonl: the file is gone',
        '10 sessions, 0.2 MB: 0 copied (0.0 MB); 1 pro',
      ].map((line) => expect.stringContaining(line)),
    });
    const wrong = await Promise.all([
      runCli(['backup']),
      runCli(['backup', '']),
      runCli(['backup', 'a', 'b']),
    ]);
    expect(wrong.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
      Array(3).fill({ code: 2, stdout: '' }),
    );
  });
});
