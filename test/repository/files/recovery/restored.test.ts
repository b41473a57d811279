import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { childrenRequests } from '../../../support/children.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

/*
 * Restoring the good bytes of a session's file restores the session, for every kind of damage, every way to restore the file, and
 * every time at which the store notices either.
 */

let store: TestStore;
/** A copy of the good file. */
let good: string;

const SAID = ['question 1', 'answer 1', 'question 2', 'answer 2', 'question 3', 'answer 3'];

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root' });
    await repository.create({ id: 'child', parentId: 'root', title: 'kept' });
    for (const n of [1, 2, 3]) await repository.append({ sessionId: 'child', messages: exchange(n) });
    await repository.create({ id: 'grandchild', parentId: 'child', messages: [say('beneath')] });
  });
  good = `${await temporaryDirectory()}/good.jsonl`;
  copyFileSync(store.sessionFile('child'), good);
  const { atime, mtime } = statSync(store.sessionFile('child'));
  utimesSync(good, atime, mtime);
});

/** Overwrites the existing file, as `cp` does. */
const overwrite = (bytes: Buffer) => writeFileSync(store.sessionFile('child'), bytes);

const flipped = (bytes: Buffer, offset: number) => {
  const changed = Buffer.from(bytes);
  changed[offset]! ^= 1;
  return changed;
};

const DAMAGES: Record<string, () => void> = {
  'a bit of its first line flipped': () => overwrite(flipped(readFileSync(good), 40)),
  'a bit in its middle flipped': () => overwrite(flipped(readFileSync(good), statSync(good).size / 2)),
  'a line put into its middle': () =>
    overwrite(Buffer.from(readFileSync(good, 'utf8').replace('\n', '\nnoise\n'))),
  'its end cut off': () => truncateSync(store.sessionFile('child'), statSync(good).size - 300),
  'cut to its first line': () =>
    truncateSync(store.sessionFile('child'), readFileSync(good).indexOf('\n') + 1),
  emptied: () => truncateSync(store.sessionFile('child'), 0),
  'filled with zeros': () => overwrite(Buffer.alloc(statSync(good).size)),
  removed: () => rmSync(store.sessionFile('child')),
  'replaced by a folder': () => {
    rmSync(store.sessionFile('child'));
    mkdirSync(store.sessionFile('child'));
  },
  'replaced by a link': () => {
    rmSync(store.sessionFile('child'));
    symlinkSync(good, store.sessionFile('child'));
  },
};

function clear(): void {
  if (statSync(store.sessionFile('child'), { throwIfNoEntry: false })?.isDirectory())
    rmSync(store.sessionFile('child'), { recursive: true });
  // A write through a link would change the good file itself.
  else if (statSync(store.sessionFile('child'), { throwIfNoEntry: false })?.ino === statSync(good).ino)
    rmSync(store.sessionFile('child'));
}

const keepTime = () => {
  const { atime, mtime } = statSync(good);
  utimesSync(store.sessionFile('child'), atime, mtime);
};

const RESTORATIONS: Record<string, () => void> = {
  'in place': () => overwrite(readFileSync(good)),
  'in place, with its old time': () => {
    overwrite(readFileSync(good));
    keepTime();
  },
  'by a new file, as editors do': () => {
    copyFileSync(good, `${store.sessionFile('child')}.new`);
    renameSync(`${store.sessionFile('child')}.new`, store.sessionFile('child'));
  },
  'by a new file, with its old time, as rsync does': () => {
    copyFileSync(good, `${store.sessionFile('child')}.new`);
    renameSync(`${store.sessionFile('child')}.new`, store.sessionFile('child'));
    keepTime();
  },
};

function restore(how: string): void {
  clear();
  RESTORATIONS[how]!();
}

/** Reads the session and its history, so that the store notices the damage. */
async function notice(repository: SessionRepository): Promise<void> {
  await repository.findMany(['child']);
  await contents(repository, 'child');
  await repository.findMany(['child']);
}

async function expectAsBefore(repository: SessionRepository): Promise<void> {
  expect(await repository.findMany(['child', 'grandchild'])).toMatchObject([
    { title: 'kept', parentId: 'root', rootId: 'root', depth: 1, childCount: 1, version: 4, damage: [] },
    { parentId: 'child', rootId: 'root', depth: 2 },
  ]);
  const [children] = await repository.childrenOf(childrenRequests(['root'], { limit: 9, from: 'start' }));
  expect(children!.items.map(({ id }) => id)).toEqual(['child']);
  expect(await contents(repository, 'child')).toEqual(SAID);
  const { hits } = await repository.search({ query: 'question', limit: 9 });
  expect(hits.map(({ ordinal }) => ordinal).sort()).toEqual([0, 2, 4]);
  const { sessionCount, messageCount, quarantined } = await repository.status();
  expect({ sessionCount, messageCount, quarantined }).toEqual({
    sessionCount: 3,
    messageCount: 4,
    quarantined: [],
  });
  await expect(repository.create({ id: 'child' })).rejects.toThrow(/a session has it/);
}

/** Appends to the session, and expects the message to be there after a restart and a check to find no fault. */
async function expectToGoOn(): Promise<void> {
  await store.during(async (repository) => {
    const { session } = await repository.append({ sessionId: 'child', messages: [say('more')] });
    expect(session).toMatchObject({ version: 5, historyLength: 7 });
  });
  expect(await store.problems()).toEqual([]);
  rmSync(store.path('index.db'));
  await store.during(async (again) => {
    expect(await contents(again, 'child')).toEqual([...SAID, 'more']);
    expect((await again.status()).quarantined).toEqual([]);
  });
}

/** Every damage with the restoration that leaves the least trace, and two kinds of damage with every restoration. */
const CASES = Object.keys(DAMAGES).flatMap((damage, n) =>
  Object.keys(RESTORATIONS)
    .filter((how) => how === 'in place, with its old time' || n === 0 || damage === 'removed')
    .map((how) => [damage, how] as const),
);

describe.each(CASES)('a file that was %s and put back %s', (damage, how) => {
  it('is the session again, where both were noticed while the store was open', async () => {
    const repository = await store.open();
    DAMAGES[damage]!();
    await notice(repository);
    restore(how);
    await expectAsBefore(repository);
    await repository.close();
    await expectToGoOn();
  });

  it('is the session again at the next start, where the store was not asked for it meanwhile', async () => {
    await store.during(async (repository) => {
      DAMAGES[damage]!();
      await notice(repository);
      restore(how);
    });
    await store.during(expectAsBefore);
    await expectToGoOn();
  });

  it('is the session again, where it was found at a start and put back while the store was open', async () => {
    DAMAGES[damage]!();
    await store.during(notice);
    const repository = await store.open();
    restore(how);
    await expectAsBefore(repository);
    await repository.close();
    await expectToGoOn();
  });

  it('is the session again at the next start, where it was put back while nobody had the store open', async () => {
    DAMAGES[damage]!();
    await store.during(notice);
    await store.during(notice);
    restore(how);
    expect(await store.problems()).toEqual([]);
    await store.during(expectAsBefore);
    await expectToGoOn();
  });
});

it('a check beside the server finds nothing wrong with what was put back and is yet to be asked for', async () => {
  const repository = await store.open();
  for (const damage of ['a bit of its first line flipped', 'removed']) {
    DAMAGES[damage]!();
    await notice(repository);
    restore('in place');
    expect(await store.problems()).toEqual([]);
    await expectAsBefore(repository);
  }
});

it.each(['sent to', 'made the parent of another', 'moved', 'deleted', 'made again'])(
  'a session that was put back can be %s before anybody has asked for it',
  async (what) => {
    const repository = await store.open();
    overwrite(flipped(readFileSync(good), 40));
    await notice(repository);
    restore('in place');
    const mutations: Record<string, () => Promise<unknown>> = {
      'sent to': () => repository.append({ sessionId: 'child', messages: [say('more')] }),
      'made the parent of another': () => repository.create({ id: 'second', parentId: 'child' }),
      moved: () => repository.move({ sessionId: 'child', parentId: null }),
      deleted: () => repository.delete({ sessionId: 'child', mode: 'CASCADE' }),
      'made again': () => expect(repository.create({ id: 'child' })).rejects.toThrow(/a session has it/),
    };
    await mutations[what]!();
    expect((await repository.status()).quarantined).toEqual([]);
    await repository.close();
    expect(await store.problems()).toEqual([]);
  },
);

describe.each(['removed', 'a bit of its first line flipped', 'its end cut off', 'emptied'])(
  'a file that was %s and is being put back in place, bit by bit',
  (damage) => {
    it('is left to the program that writes it, and is the session again when that has ended', async () => {
      const repository = await store.open();
      DAMAGES[damage]!();
      await notice(repository);
      const bytes = readFileSync(good);
      const fd = openSync(store.sessionFile('child'), 'w');
      const step = Math.ceil(bytes.length / 7);
      for (let at = 0; at < bytes.length; at += step) {
        writeSync(fd, bytes.subarray(at, at + step), 0, undefined, at);
        await notice(repository);
        expect(statSync(store.sessionFile('child')).size).toBe(Math.min(bytes.length, at + step));
      }
      closeSync(fd);
      expect(readFileSync(store.sessionFile('child'))).toEqual(bytes);
      await expectAsBefore(repository);
      await repository.close();
      await expectToGoOn();
    });
  },
);

describe('a write to a session whose file ends in the middle of a line', () => {
  const begun = Buffer.from('{"seq":99,"at":');
  const append = (repository: SessionRepository) =>
    repository.append({ sessionId: 'child', messages: [say('more')] });

  it('is done once the file has been still for a while', async () => {
    const repository = await store.open();
    overwrite(Buffer.concat([readFileSync(good), begun]));
    await notice(repository);
    await append(repository);
    expect(await contents(repository, 'child')).toEqual([...SAID, 'more']);
    expect((await repository.status()).quarantined).toEqual([]);
    await repository.close();
    expect(await store.problems()).toEqual([]);
  });

  it('is refused as long as another program goes on with the file', { timeout: 30_000 }, async () => {
    const repository = await store.open();
    overwrite(Buffer.concat([readFileSync(good), begun]));
    let isRefused = false;
    const refused = expect(append(repository)).rejects.toMatchObject({
      message: expect.stringMatching(/another program is writing .*Try again/),
      isRetryable: true,
    });
    const ended = refused.then(() => {
      isRefused = true;
    });
    while (!isRefused) {
      appendFileSync(store.sessionFile('child'), 'x');
      await delay(50);
    }
    await ended;
    overwrite(readFileSync(good));
    await expectAsBefore(repository);
  });
});

describe('the log of the store', () => {
  /** The last line of the log archives "root". */
  beforeEach(async () => {
    await store.during((repository) =>
      repository.archive({ sessionId: 'root', archived: true, subtree: false }),
    );
    copyFileSync(store.path('store.jsonl'), good);
  });
  const archived = [{ archivedAt: expect.any(Date) }];

  it('takes changes again once its good bytes are back, while the store is open', async () => {
    const repository = await store.open();
    const bytes = readFileSync(good);
    writeFileSync(store.path('store.jsonl'), flipped(bytes, bytes.length - 40));
    const change = () => repository.archive({ sessionId: 'root', archived: false, subtree: false });
    await expect(change()).rejects.toThrow(/changed by another program/);
    writeFileSync(store.path('store.jsonl'), bytes);
    await change();
    await repository.close();
    expect(await store.problems()).toEqual([]);
  });

  it.each([true, false])('says all that it said at the next start, index kept: %s', async (isKept) => {
    const bytes = readFileSync(good);
    writeFileSync(store.path('store.jsonl'), flipped(bytes, bytes.length - 40));
    if (!isKept) rmSync(store.path('index.db'));
    await store.during(async (repository) => {
      expect((await repository.status()).quarantined).toMatchObject([{ path: 'store.jsonl' }]);
    });
    writeFileSync(store.path('store.jsonl'), bytes);
    utimesSync(store.path('store.jsonl'), statSync(good).atime, statSync(good).mtime);
    await store.during(async (repository) => {
      expect(await repository.findMany(['root'])).toMatchObject(archived);
      expect((await repository.status()).quarantined).toEqual([]);
    });
    expect(await store.problems()).toEqual([]);
  });
});

it('an index for search that was damaged and put back finds what it found', async () => {
  const search = (repository: SessionRepository) => repository.search({ query: 'question', limit: 9 });
  const before = await store.during(search);
  expect(before.hits).toHaveLength(3);
  copyFileSync(store.path('search.db'), good);
  writeFileSync(store.path('search.db'), 'noise');
  expect((await store.during(search)).hits).toHaveLength(3);
  copyFileSync(good, store.path('search.db'));
  expect((await store.during(search)).hits).toHaveLength(3);
});
