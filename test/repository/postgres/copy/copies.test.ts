import { describe, expect, it } from 'vitest';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import { checkDatabase } from '../../../../src/repository/postgres/tools/check.ts';
import { createTestLogger } from '../../../server/support.ts';
import { brokenOff, describeCopies, fill, partsOf, withoutNumbers } from '../../contract/copies.ts';
import { everything } from '../../contract/everything.ts';
import { useStore } from '../../contract/store.ts';
import { setUpFileStore } from '../../files/set-up-store.ts';
import { setUpPostgresStore, useStoreDatabase } from '../store.ts';
import { idAt, type SyntheticStore, syntheticDump } from './synthetic.ts';

const { logger } = createTestLogger();

describeCopies('copies of files into PostgreSQL', setUpFileStore, setUpPostgresStore());
describeCopies('copies of PostgreSQL into files', setUpPostgresStore(), setUpFileStore);

describe('from files into PostgreSQL, and back', () => {
  const files = useStore(setUpFileStore);
  const database = useStore(setUpPostgresStore());
  const back = useStore(setUpFileStore);

  it('all is as it was', async () => {
    await fill(files);
    await database.repository.load(files.repository.dump());
    await back.repository.load(database.repository.dump());
    expect(withoutNumbers(await everything(back.repository))).toEqual(
      withoutNumbers(await everything(files.repository)),
    );
    const original = await partsOf(files.repository.dump());
    expect(withoutNumbers(await partsOf(back.repository.dump()))).toEqual(withoutNumbers(original));
    const sequences = async ({ repository }: typeof files) =>
      (await partsOf(repository.dump())).map((part) => (part as { sequence?: number }).sequence);
    expect(await sequences(back)).toEqual(await sequences(files));
  });

  it('histories are read to their end, when nothing comes behind the last session, too', async () => {
    const store = { parents: Array.from({ length: 40 }, () => null), messages: () => 250 };
    await database.repository.load(syntheticDump(store));
    const loaded = await back.repository.load(database.repository.dump());
    expect(loaded).toMatchObject({ sessions: 40, messages: 10_000, tombstones: 0, operations: 0 });
    const original = await partsOf(database.repository.dump());
    expect(withoutNumbers(await partsOf(back.repository.dump()))).toEqual(withoutNumbers(original));
  });
});

describe('a load into PostgreSQL', () => {
  const database = useStoreDatabase();
  const open = async (search = true) => {
    const repository = await openPostgresRepository({ url: database.url, mayBeUnfinished: true, search });
    return { repository, [Symbol.asyncDispose]: () => repository.close() };
  };
  const problems = async () => (await checkDatabase(database.url, logger)).problems;

  /** Two roots with more children than a portion has sessions, and children of these; one history is longer than a portion. */
  const LARGE: SyntheticStore = {
    parents: Array.from({ length: 2_600 }, (_, n) => (n === 0 || n === 1_300 ? null : parentAt(n))),
    messages: (n) => (n === 1_400 ? 21_000 : n % 3),
  };

  function parentAt(n: number): number {
    const root = n < 1_300 ? 0 : 1_300;
    return n % 4 === 2 ? n - 1 : root;
  }

  it('is of one piece, in however many transactions it was done', async () => {
    await database.renew();
    await using store = await open(false);
    const { repository } = store;
    const loaded = await repository.load(syntheticDump(LARGE));
    expect(loaded).toMatchObject({ sessions: 2_600, sessionsBefore: 0 });
    expect(await problems()).toEqual([]);
    const ids = async (parts: ReturnType<typeof partsOf>) =>
      (await parts).flatMap((part) => ('id' in part ? [part.id] : []));
    expect(await ids(partsOf(repository.dump()))).toEqual(LARGE.parents.map((_, n) => idAt(n)));
    const [root, long] = await repository.findMany([idAt(0), idAt(1_400)]);
    expect(root).toMatchObject({
      childCount: LARGE.parents.filter((parent) => parent === 0).length,
      treeLastActiveAt: new Date(Date.parse('2026-01-02T03:04:05.006Z') + 1_299),
    });
    expect(long).toMatchObject({ historyLength: 21_000, messageCount: 10_500, version: 21_001 });
    await repository.create({ id: 'new', parentId: idAt(0) });
    await repository.move({ sessionId: idAt(1_300), parentId: idAt(0) });
    expect(await problems()).toEqual([]);
  });

  it('reads histories of any size in bounded pieces', async () => {
    await database.renew();
    await using store = await open(false);
    const { repository } = store;
    // More bytes than are read at once, in messages that are larger than that, and in many.
    const sizes = [3_000_000, 5_000_000, 10, 2_000_000, 2_000_000, 2_000_000];
    const content = (n: number, ordinal: number) => (n === 1 ? 'x'.repeat(sizes[ordinal]!) : `${ordinal}`);
    const counts = [1_500, sizes.length, 0, 700, 700, 2];
    const parents = counts.map(() => null);
    await repository.load(syntheticDump({ parents, messages: (n) => counts[n]!, content }));
    const dumped: string[][] = [];
    for await (const part of repository.dump().parts) {
      if (part.type !== 'session') continue;
      const contents: string[] = [];
      for await (const message of part.session.messages()) contents.push(message.content);
      dumped.push(contents);
    }
    const expected = counts.map((count, n) =>
      Array.from({ length: count }, (_, ordinal) => content(n, ordinal)),
    );
    expect(dumped.map((contents) => contents.length)).toEqual(counts);
    expect(
      dumped.every((contents, n) => contents.every((text, ordinal) => text === expected[n]![ordinal])),
    ).toBe(true);
  });

  it('is refused by a server until it is whole, and says so', async () => {
    await database.renew();
    await using store = await open();
    await expect(store.repository.load(brokenOff(syntheticDump(LARGE), 2))).rejects.toThrow('broken off');
    const served = openPostgresRepository({ url: database.url });
    await expect(served).rejects.toThrow(/another store is being copied here, and is not whole yet/);
  });

  it('finds what was changed in the store that it comes from since it was begun', async () => {
    await database.renew();
    await using store = await open();
    const { repository } = store;
    const small = { parents: [null, 0, 1, 0], messages: () => 1 };
    await expect(repository.load(brokenOff(syntheticDump(small), 3))).rejects.toThrow('broken off');
    // The third session was moved.
    const moved = syntheticDump({ parents: [null, 0, 0, 0], messages: () => 1 });
    await expect(repository.load(moved)).rejects.toThrow('The session "s2" was changed');
    const shorter = syntheticDump({ parents: [null, 0], messages: () => 1 });
    await expect(repository.load(shorter)).rejects.toThrow('The session "s2" was changed');
  });

  it('dumps one state of the store, whatever is written meanwhile', async () => {
    await database.renew();
    await using store = await open();
    const { repository } = store;
    await repository.create({ id: 'a', messages: [{ role: 'USER', content: 'one' }] });
    await repository.create({ id: 'b', parentId: 'a' });
    const seen: string[] = [];
    for await (const part of repository.dump().parts) {
      if (part.type !== 'session') continue;
      if (seen.length === 0) {
        await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'two' }] });
        await repository.create({ id: 'c' });
        await repository.delete({ sessionId: 'b', mode: 'CASCADE' });
      }
      const texts: string[] = [];
      for await (const message of part.session.messages()) texts.push(message.content);
      seen.push(`${part.session.id}: ${texts}`);
    }
    expect(seen).toEqual(['a: one', 'b: ']);
  });
});
