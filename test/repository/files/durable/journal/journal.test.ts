import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HandlePool } from '../../../../../src/repository/files/disk/handle-pool.ts';
import { DurableFiles } from '../../../../../src/repository/files/durable/durable-files.ts';
import {
  encodeEntryLine,
  encodeHeader,
  readJournal,
} from '../../../../../src/repository/files/durable/journal/entry.ts';
import { Journal } from '../../../../../src/repository/files/durable/journal/journal.ts';
import { layoutOf, sessionPath } from '../../../../../src/repository/files/format/layout.ts';
import { encodeLine } from '../../../../../src/repository/files/format/line.ts';
import {
  openFileRepository,
  openFileRepositoryForReading,
} from '../../../../../src/repository/files/open.ts';
import { readStoreId } from '../../../../../src/repository/files/scan/store-id.ts';
import { checkDataDirectory } from '../../../../../src/repository/files/tools/check.ts';
import { repairDataDirectory } from '../../../../../src/repository/files/tools/repair.ts';
import type { SessionRepository } from '../../../../../src/repository/repository.ts';
import { contents, exchange, say, TestStore } from '../../store.ts';

const CACHES = [
  'lock',
  'owner.json',
  'index.db',
  'index.db-wal',
  'index.db-shm',
  'search.db',
  'search.db-wal',
  'search.db-shm',
];

let store: TestStore;
let repository: SessionRepository;
/** Bytes of each session file that are on the disk: those written before the last clean stop. */
const created = new Map<string, number>();

/** The store as it is found after its process was killed: only its files and its journal. */
async function left(of = store): Promise<TestStore> {
  const copy = await TestStore.make();
  cpSync(of.directory, copy.directory, {
    recursive: true,
    filter: (path) => !CACHES.includes(basename(path)),
  });
  return copy;
}

function segments(of: TestStore): string[] {
  return readdirSync(of.path('journal')).map((name) => of.path('journal', name));
}

/** The number of bytes written to the only file of the journal. */
function written(of: TestStore): Buffer {
  const content = readFileSync(segments(of)[0]!);
  return content.subarray(0, content.lastIndexOf('\n') + 1);
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const storeOf = (of: TestStore) => readStoreId(layoutOf(of.directory));
const warnings = (of: TestStore) =>
  of.said.filter(({ level }) => level === 'warn').map(({ message }) => message);
const problems = async (of: TestStore) => (await checkDataDirectory({ directory: of.directory })).problems;

beforeEach(async () => {
  store = await TestStore.make();
  repository = await store.open();
  for (const id of ['a', 'b']) {
    await repository.create({ id, messages: exchange(0) });
    created.set(id, statSync(store.sessionFile(id)).size);
  }
  await repository.close();
  repository = await store.open();
  for (const n of [1, 2, 3]) {
    await Promise.all(['a', 'b'].map((sessionId) => repository.append({ sessionId, messages: exchange(n) })));
  }
});

const SAID = [0, 1, 2, 3].flatMap((n) => exchange(n).map(({ content }) => content));

describe('what was acknowledged, and the power took from its file,', () => {
  it('is put back, wherever the file ends', async () => {
    const whole = readFileSync(store.sessionFile('a'));
    const copy = await left();
    for (let size = created.get('a')!; size < whole.length; size += 7) {
      const one = await TestStore.make();
      cpSync(copy.directory, one.directory, { recursive: true });
      truncateSync(one.sessionFile('a'), size);
      await one.during(async (again) => {
        expect(await contents(again, 'a')).toEqual(SAID);
        expect((await again.status()).quarantined).toEqual([]);
      });
      expect(readFileSync(one.sessionFile('a')).equals(whole)).toBe(true);
      expect(warnings(one)).toContain('restored acknowledged writes that the file had lost');
      expect(await problems(one)).toEqual([]);
    }
  });

  it('is put back where zeros stand in its place', async () => {
    const whole = readFileSync(store.sessionFile('a'));
    const copy = await left();
    copy.edit('a', (bytes) =>
      Buffer.concat([
        bytes.subarray(0, created.get('a')! + 40),
        Buffer.alloc(bytes.length - created.get('a')! - 40),
      ]),
    );
    expect(await copy.during((again) => contents(again, 'a'))).toEqual(SAID);
    expect(readFileSync(copy.sessionFile('a')).equals(whole)).toBe(true);
  });

  it('is put back into the log too: what was deleted stays deleted', async () => {
    const before = statSync(store.path('store.jsonl')).size;
    await repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
    const copy = await left();
    truncateSync(copy.path('store.jsonl'), before);
    await copy.during(async (again) => {
      expect(await again.findMany(['a', 'b'])).toMatchObject([{ id: 'a' }, null]);
      await expect(again.create({ id: 'b' })).rejects.toThrow('deleted');
    });
  });

  it('is put back where the power took the file itself, its folder, or all that was in it', async () => {
    await repository.create({ id: 'new', title: 'kept', messages: exchange(0) });
    await repository.append({ sessionId: 'new', messages: exchange(1) });
    const whole = readFileSync(store.sessionFile('new'));
    const copy = await left();
    for (const take of [
      (one: TestStore) => rmSync(one.sessionFile('new')),
      (one: TestStore) => rmSync(dirname(one.sessionFile('new')), { recursive: true }),
      (one: TestStore) => truncateSync(one.sessionFile('new'), 0),
      (one: TestStore) => writeFileSync(one.sessionFile('new'), Buffer.alloc(whole.length)),
    ]) {
      const one = await TestStore.make();
      cpSync(copy.directory, one.directory, { recursive: true });
      take(one);
      await one.during(async (again) => {
        expect(await again.findMany(['new'])).toMatchObject([{ title: 'kept', historyLength: 4 }]);
        expect((await again.status()).quarantined).toEqual([]);
      });
      expect(readFileSync(one.sessionFile('new')).equals(whole)).toBe(true);
      expect(await problems(one)).toEqual([]);
    }
  });

  it('is put back by the start after the next one too', async () => {
    const copy = await left();
    truncateSync(copy.sessionFile('a'), created.get('a')!);
    const again = await copy.open();
    // Else a part of the journal could go while the store is copied.
    await expect.poll(() => existsSync(copy.path('unsynced')) || segments(copy).length > 0).toBe(false);
    const size = statSync(copy.sessionFile('a')).size;
    await again.append({ sessionId: 'a', messages: [say('later')] });
    const third = await left(copy);
    truncateSync(third.sessionFile('a'), size);
    expect(await third.during((last) => contents(last, 'a'))).toEqual([...SAID, 'later']);
  });

  it('is told by a check before the next start, no reader does without it, and a repair puts it back', async () => {
    const copy = await left();
    truncateSync(copy.sessionFile('a'), created.get('a')!);
    const reason = 'the end of the file is missing; the next start restores it from the journal';
    expect(await problems(copy)).toEqual([{ path: sessionPath('a'), reason }]);
    await expect(openFileRepositoryForReading({ directory: copy.directory })).rejects.toThrow(
      `${sessionPath('a')} lacks what its journal holds`,
    );
    const mended = await repairDataDirectory({ directory: copy.directory }, [sessionPath('a')]);
    expect(mended).toContainEqual({
      path: sessionPath('a'),
      what: 'restored acknowledged writes that the file had lost',
    });
    expect(await problems(copy)).toEqual([]);
    expect(await copy.during((again) => contents(again, 'a'))).toEqual(SAID);
  });
});

describe('the journal', () => {
  it('gives back what is whole in it, wherever it was cut, and nothing else', async () => {
    const copy = await left();
    const journal = written(copy);
    const [segment] = segments(copy);
    truncateSync(copy.sessionFile('a'), created.get('a')!);
    let most = 0;
    for (let size = 0; size <= journal.length; size += 11) {
      const one = await TestStore.make();
      cpSync(copy.directory, one.directory, { recursive: true });
      writeFileSync(one.path('journal', basename(segment!)), journal.subarray(0, size));
      await one.during(async (again) => {
        const found = await contents(again, 'a');
        expect(found).toEqual(SAID.slice(0, found.length));
        expect(found.length).toBeGreaterThanOrEqual(most);
        most = found.length;
        expect(await contents(again, 'b')).toEqual(SAID);
        expect((await again.status()).quarantined).toEqual([]);
      });
    }
    expect(most).toBeGreaterThan(4);
  });

  it('puts nothing wrong into a file, whichever of its bits was flipped, and says so within what was acknowledged', async () => {
    const copy = await left();
    const journal = written(copy);
    const [segment] = segments(copy);
    truncateSync(copy.sessionFile('a'), created.get('a')!);
    const lastBatch = journal.lastIndexOf('{"op":"write"', journal.lastIndexOf('"batch"') - 20);
    for (let bit = 0; bit < journal.length * 8; bit += 211) {
      const one = await TestStore.make();
      cpSync(copy.directory, one.directory, { recursive: true });
      const flipped = Buffer.from(journal);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(one.path('journal', basename(segment!)), flipped);
      await one.during(async (again) => {
        const found = await contents(again, 'a');
        expect(found).toEqual(SAID.slice(0, found.length));
        expect(await contents(again, 'b')).toEqual(SAID);
      });
      // The last batch may have been cut short. The header only identifies the store.
      const header = journal.indexOf('\n');
      if (bit >> 3 > header && bit >> 3 < lastBatch - 400)
        expect(warnings(one)).toContain('kept a copy of a journal file in torn/');
    }
  });

  it('leaves alone what is damaged in another way than by the power', async () => {
    const copy = await left();
    copy.edit('a', (bytes) => {
      bytes[bytes.indexOf('question 2')]! ^= 1;
      return bytes;
    });
    await copy.during(async (again) => {
      expect(await contents(again, 'a')).toEqual(SAID.filter((content) => !/[ ]2$/.test(content)));
      expect((await again.status()).quarantined).toMatchObject([
        { path: sessionPath('a'), reason: expect.stringContaining('line 5: the checksum') },
      ]);
    });
  });

  it('brings no session back that was deleted, and no file that was on the disk and somebody has removed', async () => {
    await repository.create({ id: 'short-lived' });
    await repository.delete({ sessionId: 'short-lived', mode: 'RESTRICT' });
    await repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
    const copy = await left();
    // Nor is it reported as missing.
    expect(await problems(copy)).toEqual([]);
    rmSync(copy.sessionFile('a'));
    await copy.during(async (again) => {
      expect(await again.findMany(['a', 'b', 'short-lived'])).toEqual([null, null, null]);
    });
    for (const id of ['b', 'short-lived']) expect(existsSync(copy.sessionFile(id))).toBe(false);
  });

  it('does not close a gap: a file that has lost more than it holds is told as such', async () => {
    const copy = await left();
    truncateSync(copy.sessionFile('a'), 20);
    await copy.during(async (again) => {
      expect((await again.status()).quarantined).toMatchObject([{ path: sessionPath('a') }]);
    });
    expect(statSync(copy.sessionFile('a')).size).toBe(20);
    expect(warnings(copy)).toContain('kept a copy of a journal file in torn/');
  });

  it('of another store is not used', async () => {
    const copy = await left();
    truncateSync(copy.sessionFile('a'), created.get('a')!);
    const journal = written(copy);
    const others = Buffer.concat([encodeHeader('another'), journal.subarray(journal.indexOf('\n') + 1)]);
    writeFileSync(segments(copy)[0]!, others);
    expect(await copy.during((again) => contents(again, 'a'))).toEqual(SAID.slice(0, 2));
    expect(warnings(copy)).toContain('kept a copy of a journal file in torn/');
    expect(readFileSync(copy.path('torn', readdirSync(copy.path('torn'))[0]!)).equals(others)).toBe(true);
  });

  it('is kept aside once, however many files differ from it', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `s${n}`);
    await Promise.all(ids.map((id) => repository.create({ id })));
    await repository.close();
    repository = await store.open();
    await Promise.all(ids.map((sessionId) => repository.append({ sessionId, messages: exchange(1) })));
    const copy = await left();
    for (const id of ids) truncateSync(copy.sessionFile(id), 10);
    await (await copy.open()).close();
    expect(readdirSync(copy.path('torn')).filter((name) => name.includes('.journal'))).toHaveLength(1);
  });

  it('says of a session that it has lost what the journal does not hold either', async () => {
    await repository.close();
    repository = await store.open();
    await repository.append({ sessionId: 'a', messages: exchange(4) });
    const copy = await left();
    copy.edit('a', (bytes) => bytes.subarray(0, bytes.indexOf('question 3')));
    copy.edit('a', (bytes) => bytes.subarray(0, bytes.lastIndexOf('\n') + 1));
    await copy.during(async (again) => {
      const { quarantined } = await again.status();
      expect(quarantined).toMatchObject([
        {
          path: sessionPath('a'),
          reason: expect.stringMatching(/ends at byte \d+, and goes on at byte \d+ in the journal/),
        },
      ]);
    });
  });

  it.each([
    ['made, taken back, and made again', 0],
    ['removed by somebody, and made again', 1],
  ])('makes a file that was %s', async (_, first) => {
    const copy = await left();
    const at = new Date().toISOString();
    const record = { seq: 80, at, version: 1, op: 'create', store: storeOf(copy), id: 'c', title: 'again' };
    const path = sessionPath('c').replaceAll('\\', '/');
    const entries = [encodeLine({ ...record, title: 'refused' }), Buffer.alloc(0), encodeLine(record)].slice(
      first,
    );
    const lines = entries.flatMap((bytes, n) => [encodeEntryLine({ path, offset: 0, bytes }, n + 1), bytes]);
    writeFileSync(segments(copy)[0]!, Buffer.concat([encodeHeader(storeOf(copy)), ...lines]));
    expect(await copy.during((again) => again.findMany(['c']))).toMatchObject([{ title: 'again' }]);
  });

  it('does not bring back what somebody removed or shortened, and the store has noticed', async () => {
    await repository.create({ id: 'removed', messages: exchange(0) });
    rmSync(store.sessionFile('removed'));
    store.edit('a', (bytes) => bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1));
    await expect(repository.append({ sessionId: 'removed', messages: [say('?')] })).rejects.toThrow();
    await repository.append({ sessionId: 'a', messages: [say('after it')] });
    const copy = await left();
    await copy.during(async (again) => {
      expect(await again.findMany(['removed'])).toEqual([null]);
      expect(await contents(again, 'a')).toEqual([...SAID.slice(0, 6), 'after it']);
    });
  });

  it('passes over a link and a folder in the place of a file that it names', async () => {
    const copy = await left();
    for (const id of ['a', 'b']) rmSync(copy.sessionFile(id));
    symlinkSync(copy.path('store.jsonl'), copy.sessionFile('a'));
    mkdirSync(copy.sessionFile('b'));
    expect((await problems(copy)).map(({ path }) => path).sort()).toEqual(
      [sessionPath('a'), sessionPath('b')].sort(),
    );
    await copy.during(async (again) => {
      expect(await again.findMany(['a', 'b'])).toEqual([null, null]);
    });
  });

  it('stays until the files that it made are there', async () => {
    await repository.close();
    const layout = layoutOf(store.directory);
    const journal = new Journal({ layout, store: storeOf(store), logger: silent, onUnsynced() {} });
    const made = Promise.withResolvers<void>();
    await journal.add(store.sessionFile('new'), 0, encodeLine({ op: 'create' }), made.promise);
    const [first] = segments(store);
    let isReleased = false;
    const released = journal.release().then(() => {
      isReleased = true;
    });
    // A later write in the same journal has finished meanwhile, so the first one would have had time.
    await journal.add(store.sessionFile('a'), 10_000, encodeLine({ op: 'update' }));
    expect(isReleased).toBe(false);
    expect(existsSync(first!)).toBe(true);
    made.resolve();
    await released;
    expect(existsSync(first!)).toBe(false);
    await journal.close();
    expect(segments(store)).toEqual([]);
  });

  it('gives back only what stands before the place where a write was taken back', async () => {
    const copy = await left();
    const offset = statSync(copy.sessionFile('a')).size;
    const line = (version: number, title: string) =>
      encodeLine({ seq: 80 + version, at: new Date().toISOString(), version, op: 'update', title });
    const [kept, refused] = [line(5, 'kept'), line(6, 'refused')];
    const path = sessionPath('a').replaceAll('\\', '/');
    const entries = [
      { path, offset, bytes: Buffer.concat([kept, refused]) },
      { path, offset: offset + kept.length, bytes: Buffer.alloc(0) },
    ];
    const lines = entries.flatMap((entry, n) => [encodeEntryLine(entry, n + 1), entry.bytes]);
    writeFileSync(segments(copy)[0]!, Buffer.concat([encodeHeader(storeOf(copy)), ...lines]));
    await copy.during(async (again) => {
      expect(await again.findMany(['a'])).toMatchObject([{ title: 'kept', version: 5 }]);
    });
    expect(statSync(copy.sessionFile('a')).size).toBe(offset + kept.length);
  });

  it('writes to no file but those of the store', async () => {
    const copy = await left();
    writeFileSync(copy.path('precious'), '');
    writeFileSync(copy.path('sessions', 'precious'), '');
    const bytes = encodeLine({ op: 'evil' });
    const entries = [
      'precious',
      'sessions/precious',
      'sessions/../precious',
      'sessions/00/../../precious',
      '../precious',
    ];
    const lines = entries.flatMap((path) => [encodeEntryLine({ path, offset: 0, bytes }, 1), bytes]);
    writeFileSync(segments(copy)[0]!, Buffer.concat([encodeHeader(storeOf(copy)), ...lines]));
    await (await copy.open()).close();
    expect(readFileSync(copy.path('precious'), 'utf8')).toBe('');
    expect(readFileSync(copy.path('sessions', 'precious'), 'utf8')).toBe('');
  });

  it('is empty after a clean stop', async () => {
    expect(segments(store)).toHaveLength(1);
    await repository.close();
    expect(segments(store)).toEqual([]);
  });

  it('stays small, whatever is written', async () => {
    const large = 'x'.repeat(200_000);
    for (let n = 0; n < 100; n += 1) await repository.append({ sessionId: 'a', messages: [say(large)] });
    await expect
      .poll(() => segments(store).reduce((sum, path) => sum + statSync(path).size, 0), { timeout: 25_000 })
      .toBeLessThan(9_000_000);
    const copy = await left();
    expect(await copy.during((again) => contents(again, 'a'))).toHaveLength(SAID.length + 100);
  });

  it('is empty after a clean stop also where there are many files to sync first', async () => {
    await Promise.all(Array.from({ length: 300 }, () => repository.create({ messages: exchange(0) })));
    await repository.close();
    expect(segments(store)).toEqual([]);
    expect(await problems(store)).toEqual([]);
  });

  it('does not hold a large write: that is synced in its own file', async () => {
    const before = written(store).length;
    await repository.append({ sessionId: 'a', messages: [say('x'.repeat(300_000))] });
    await repository.create({ id: 'large', messages: [say('x'.repeat(300_000))] });
    expect(written(store).length).toBe(before);
    await repository.append({ sessionId: 'a', messages: [say('after it')] });
    expect(written(store).length).toBeGreaterThan(before);
  });

  it('is not there with durability "os"', async () => {
    const other = await TestStore.make();
    const os = await openFileRepository({ directory: other.directory, durability: 'os' });
    await os.create({ id: 'a' });
    await os.append({ sessionId: 'a', messages: [say('hello')] });
    expect(existsSync(other.path('journal'))).toBe(false);
    await os.close();
  });

  it('can be read: a line says what follows it', () => {
    const content = readFileSync(segments(store)[0]!);
    const { entries } = readJournal((from, most) =>
      content.subarray(from, most === undefined ? undefined : from + most),
    );
    const file = readFileSync(store.sessionFile('a'));
    const own = entries.filter(({ path }) => path === sessionPath('a').replaceAll('\\', '/'));
    expect(own).toHaveLength(3);
    for (const { offset, bytes } of own)
      expect(file.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
  });
});

describe('a write that was taken back, since its mutation was refused,', () => {
  /** The repository's `DurableFiles` alone: an index without room for a commit is hard to produce. */
  async function files() {
    const layout = layoutOf(store.directory);
    const handles = new HandlePool(layout.root, 8, constants.O_RDWR | constants.O_APPEND);
    onTestFinished(() => handles.close());
    await repository.close();
    const files = new DurableFiles({ layout, store: storeOf(store), handles, logger: silent, durable: true });
    files.takeOver({ left: [], unsynced: [] });
    return files;
  }

  it('is not put back, and what was written in its place is', async () => {
    const durable = await files();
    const path = store.sessionFile('a');
    const tail = { path, size: statSync(path).size };
    const at = new Date().toISOString();
    const line = (seq: number, title: string) => encodeLine({ seq, at, version: 5, op: 'update', title });
    await durable.append(tail, line(90, 'refused, and longer than the one after it'));
    await durable.undo(tail);
    const refused = await left();
    await durable.append(tail, line(91, 'kept'));
    const replaced = await left();
    for (const copy of [refused, replaced]) truncateSync(copy.sessionFile('a'), tail.size);
    const titleOf = (of: TestStore) => of.during(async (again) => (await again.findMany(['a']))[0]!.title);
    expect(await titleOf(refused)).toBe(null);
    expect(await titleOf(replaced)).toBe('kept');
    expect(replaced.lines('a').at(-1)).toContain('kept');
    await durable.close();
  });

  it('is not put back where it made a file', async () => {
    const durable = await files();
    const path = store.sessionFile('c');
    const record = {
      seq: 90,
      at: new Date().toISOString(),
      version: 1,
      op: 'create',
      store: storeOf(store),
      id: 'c',
    };
    await durable.create(path, encodeLine(record));
    await durable.uncreate(path);
    const copy = await left();
    expect(await copy.during((again) => again.findMany(['c']))).toEqual([null]);
    expect(existsSync(copy.sessionFile('c'))).toBe(false);
    await durable.close();
  });
});
