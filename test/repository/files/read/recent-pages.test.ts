import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DEFAULT_LIMITS } from '../../../../src/model/limits.ts';
import { NO_TEXTS } from '../../../../src/model/message.ts';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import type { SessionRow } from '../../../../src/repository/files/index/session-row.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { RecentPages, TRUSTED_MS } from '../../../../src/repository/files/read/recent-pages.ts';
import type { HistoryRequest } from '../../../../src/repository/reads.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { contents, exchange, TestStore } from '../store.ts';

const ALL = ['1', '2', '3'].flatMap((n) => [`question ${n}`, `answer ${n}`]);

/** Milliseconds after which a change by another program must be visible. A timer may fire slightly early. */
const SHOWN = TRUSTED_MS + 10;

/** More files than the pool keeps open. */
const MANY = 520;

/** A change by another program, with a new mtime however coarse the file system's clock is. Resolves once it must be visible. */
async function changeFile(path: string, change: () => void): Promise<void> {
  const { mtimeMs } = statSync(path);
  change();
  utimesSync(path, new Date(), new Date(mtimeMs + 5_000));
  await delay(SHOWN);
}

describe('a page of a history that was read, of a file that somebody else', () => {
  let store: TestStore;
  let repository: SessionRepository;
  let path: string;
  /** The file's content with one exchange less. */
  let older: Buffer;

  beforeEach(async () => {
    store = await TestStore.make();
    repository = await store.open();
    await repository.create({ id: 'a', title: 'a' });
    path = store.sessionFile('a');
    for (const n of [1, 2, 3]) {
      older = readFileSync(path);
      await repository.append({ sessionId: 'a', messages: exchange(n) });
    }
    for (let time = 0; time < 2; time += 1) expect(await contents(repository, 'a')).toEqual(ALL);
  });

  const damageOf = async () => (await repository.findMany(['a']))[0]?.damage;
  const flipped = (bytes: Buffer, text: string) => {
    const copy = Buffer.from(bytes);
    copy[copy.indexOf(text)]! ^= 1;
    return copy;
  };

  it('damaged in an old line, shows the gap, and the damage is reported', async () => {
    await changeFile(path, () => writeFileSync(path, flipped(readFileSync(path), 'question 2')));
    const withGap = ALL.filter((text) => !text.endsWith('2'));
    for (let time = 0; time < 2; time += 1) expect(await contents(repository, 'a')).toEqual(withGap);
    expect(await damageOf()).toMatchObject([{ line: 3, reason: expect.any(String) }]);
    expect(store.said).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  it('cut in place, shows what is left', async () => {
    await changeFile(path, () => writeFileSync(path, older));
    await contents(repository, 'a');
    for (let time = 0; time < 2; time += 1) expect(await contents(repository, 'a')).toEqual(ALL.slice(0, 4));
  });

  it('only touched, is the same', async () => {
    await changeFile(path, () => {});
    for (let time = 0; time < 2; time += 1) expect(await contents(repository, 'a')).toEqual(ALL);
    expect(await damageOf()).toEqual([]);
  });

  describe('once the file is no longer open', () => {
    beforeEach(async () => {
      const ids = Array.from({ length: MANY }, (_, n) => `other-${n}`);
      const page = { limit: 1, from: 'start' } as const;
      await Promise.all(ids.map((id) => repository.create({ id, messages: exchange(1) })));
      await repository.historyOf(
        ids.map((sessionId) => ({ sessionId, page })),
        1e9,
      );
    });

    it('damaged in an old line, shows the gap', async () => {
      await changeFile(path, () => writeFileSync(path, flipped(readFileSync(path), 'answer 1')));
      for (let time = 0; time < 2; time += 1) expect(await contents(repository, 'a')).toEqual(ALL.slice(2));
      expect(await damageOf()).toMatchObject([{ line: 2 }]);
    });

    it('replaced by an older copy, shows that', async () => {
      writeFileSync(`${path}.copy`, older);
      await changeFile(path, () => renameSync(`${path}.copy`, path));
      for (let time = 0; time < 2; time += 1)
        expect(await contents(repository, 'a')).toEqual(ALL.slice(0, 4));
      expect(await damageOf()).toMatchObject([
        { reason: expect.stringMatching(/^the file ends \d+ bytes early$/) },
      ]);
    });

    it('removed, shows nothing', async () => {
      rmSync(path);
      await delay(SHOWN);
      for (let time = 0; time < 2; time += 1) expect(await contents(repository, 'a')).toEqual([]);
      expect(await repository.findMany(['a'])).toEqual([null]);
    });
  });
});

describe('the pages that are kept', () => {
  const request = (sessionId: string, more: Partial<HistoryRequest> = {}): HistoryRequest => ({
    sessionId,
    page: { limit: 2, from: 'start' },
    ...more,
  });
  const page = { items: [], hasMore: false, textBytes: 0 };
  const MEGABYTE = 1024 * 1024;

  /** A place for pages, and the row of a session that has a file there. */
  async function open() {
    const root = await temporaryDirectory();
    const rowOf = (id: string): SessionRow => {
      const path = join(root, sessionPath(id));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, id);
      const { size, mtimeMs } = statSync(path);
      return { id, size, mtime: mtimeMs } as SessionRow;
    };
    return { pages: new RecentPages(root), rowOf, root };
  }

  it('are bounded in bytes: those that were not asked for make room', async () => {
    const { pages, rowOf } = await open();
    const rows = Array.from({ length: 20 }, (_, n) => rowOf(`s${n}`));
    const long = { ...page, textBytes: 2 * MEGABYTE };
    for (const row of rows) pages.remember(request(row.id), row, long, 1);
    const kept = rows.filter((row) => pages.get(request(row.id), row)).map(({ id }) => id);
    expect(kept).toEqual(['s13', 's14', 's15', 's16', 's17', 's18', 's19']);
    pages.remember(request('s0'), rows[0]!, { ...page, textBytes: 17 * MEGABYTE }, 1);
    expect(pages.get(request('s0'), rows[0]!)).toBeUndefined();
  });

  it('are kept once for a set of roles, however a request lists them', async () => {
    const { pages, rowOf } = await open();
    const row = rowOf('a');
    pages.remember(request('a', { roles: ['USER', 'TOOL'] }), row, page, 1);
    const roles = Array.from({ length: 10_000 }, (_, n) => (n % 2 ? ('USER' as const) : ('TOOL' as const)));
    expect(pages.get(request('a', { roles }), row)?.page).toEqual(page);
  });

  it('are given to the same request alone', async () => {
    const { pages, rowOf } = await open();
    const row = rowOf('a');
    const requests: HistoryRequest[] = [
      request('a'),
      request('a', { page: { limit: 3, from: 'start' } }),
      request('a', { page: { limit: 2, from: 'end' } }),
      request('a', { page: { limit: 2, from: 'start', after: 0 } }),
      request('a', { page: { limit: 2, from: 'start', before: 0 } }),
      request('a', { roles: [] }),
      request('a', { roles: ['USER'] }),
      request('a', { roles: ['USER', 'TOOL'] }),
      request('a', { shown: null }),
      request('a', { shown: { ...NO_TEXTS } }),
      request('a', { shown: { ...NO_TEXTS, content: 1, payload: 0, metadata: 0 } }),
      request('a', { shown: { ...NO_TEXTS, content: 2, payload: 0, metadata: 0 } }),
    ];
    for (const [n, each] of requests.entries())
      pages.remember(each, row, { ...page, hasMore: n % 2 === 0 }, n);
    expect(requests.map((each) => pages.get(each, row)?.bytes)).toEqual(requests.map((_, n) => n));
  });

  it('are given only where the file, and its row, are as they were', async () => {
    const { pages, rowOf, root } = await open();
    const row = rowOf('a');
    pages.remember(request('a'), row, page, 1);
    expect(pages.get(request('a'), row)?.page).toBe(page);
    expect(pages.get(request('a'), { ...row, size: row.size + 1 })).toBeUndefined();
    expect(pages.get(request('a'), { ...row, mtime: row.mtime + 1 })).toBeUndefined();
    const path = join(root, sessionPath('a'));
    await changeFile(path, () => {});
    expect(pages.get(request('a'), row)).toBeUndefined();
    rmSync(path);
    expect(pages.get(request('a'), row)).toBeUndefined();
  });

  it('are given without a look at the file for a tenth of a second', async () => {
    const { pages, rowOf, root } = await open();
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const row = rowOf('a');
    pages.remember(request('a'), row, page, 1);
    expect(pages.get(request('a'), row)?.page).toBe(page);
    rmSync(join(root, sessionPath('a')));
    vi.advanceTimersByTime(TRUSTED_MS - 1);
    expect(pages.get(request('a'), row)?.page).toBe(page);
    vi.advanceTimersByTime(1);
    expect(pages.get(request('a'), row)).toBeUndefined();
  });
});

it('a page that is kept costs as much of what may be read as one that is not', async () => {
  const directory = await temporaryDirectory();
  const repository = await openFileRepository({ directory, limits: DEFAULT_LIMITS });
  for (const id of ['a', 'b'])
    await repository.create({ id, messages: [{ role: 'USER', content: 'x'.repeat(1_000) }] });
  const page = { limit: 5, from: 'start' } as const;
  const read = async (ids: string[], maxBytes: number) =>
    repository.historyOf(
      ids.map((sessionId) => ({ sessionId, page })),
      maxBytes,
    );
  const tooLarge = { name: 'ReadTooLargeError', maxBytes: 1_500 };
  expect(await read(['a'], 1_500)).toMatchObject([{ items: [{ ordinal: 0 }] }]);
  await expect(read(['a', 'b'], 1_500)).rejects.toMatchObject(tooLarge);
  expect(await read(['a', 'b'], 3_000)).toHaveLength(2);
  await expect(read(['a', 'b'], 1_500)).rejects.toMatchObject(tooLarge);
  expect(await read(['b'], 1_500)).toHaveLength(1);
  await repository.close();
});
