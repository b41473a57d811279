import fc from 'fast-check';
import { Client } from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ClientError } from '../../../../src/model/errors.ts';
import { EPOCH_LENGTH } from '../../../../src/repository/postgres/changes/epoch.ts';
import { parseMark } from '../../../../src/repository/postgres/changes/mark.ts';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { Replica, readsOf } from '../../../support/replica.ts';
import { FollowedStore, happenings } from '../../contract/changes-model.ts';
import { say } from '../../contract/store.ts';
import { useStoreDatabase } from '../store.ts';

const database = useStoreDatabase();

beforeEach(() => database.renew());

async function open(): Promise<SessionRepository> {
  const repository = await openPostgresRepository({ url: database.url });
  onTestFinished(() => repository.close());
  return repository;
}

const plain = ({ held }: Replica) => Object.fromEntries([...held].sort(([a], [b]) => (a < b ? -1 : 1)));

/** A reader that asks for changes page by page. */
class Reader {
  readonly #repository: SessionRepository;
  readonly #within: string | null;
  readonly #limit: number;
  readonly #replica: Replica;
  #mark = '';

  constructor(repository: SessionRepository, within: string | null, limit: number) {
    this.#repository = repository;
    this.#within = within;
    this.#limit = limit;
    this.#replica = new Replica(
      readsOf(() => repository),
      within,
    );
  }

  async begin(): Promise<void> {
    this.#mark = await this.#repository.mark();
    await this.#replica.readAll();
  }

  /** Resolves with false once there is nothing more. */
  async page(): Promise<boolean> {
    const request = { within: this.#within, after: this.#mark, limit: this.#limit };
    const page = await this.#repository.changesSince(request);
    expect(page.isReset).toBe(false);
    await this.#replica.apply(page);
    this.#mark = page.mark;
    return !page.isUpToDate;
  }

  async expectFresh(): Promise<void> {
    while (await this.page());
    const fresh = new Replica(
      readsOf(() => this.#repository),
      this.#within,
    );
    await fresh.readAll();
    expect(plain(this.#replica)).toEqual(plain(fresh));
  }
}

/** Pseudo-random, so that a failure can be had again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function writeAtRandom(repository: SessionRepository, seed: number, count: number): Promise<void> {
  const next = numbers(seed);
  const some = () => ['top', 'a', 'b', 'c', 'other', 'x', 'y'][next(7)]!;
  for (let n = 0; n < count; n += 1) {
    const sessionId = some();
    const works: (() => Promise<unknown>)[] = [
      () => repository.append({ sessionId, messages: [say(`${seed}.${n}`)] }),
      () => repository.create({ parentId: sessionId, messages: [say('new')] }),
      () => repository.update({ sessionId, title: `${seed}.${n}` }),
      () => repository.truncate({ sessionId, keep: next(5) }, null),
      () => repository.move({ sessionId, parentId: next(4) === 0 ? null : some() }),
      () => repository.archive({ sessionId, archived: false, subtree: true }),
      () => repository.fork({ sessionId, asRoot: next(2) === 0 }),
    ];
    await works[next(works.length)]!().catch((error) => {
      if (!(error instanceof ClientError)) throw error;
    });
  }
}

describe('changes through two instances', () => {
  const WHOLE_STORE = [
    { within: null, limit: 1_000 },
    { within: null, limit: 3 },
  ];
  const PARTS = [
    { within: 'top', limit: 2 },
    { within: 'a', limit: 1_000 },
    { within: 'x', limit: 1 },
  ];

  it('bring readers of the whole store, who ask while both write, to what a fresh read gives', async () => {
    await readWhileBothWrite(WHOLE_STORE);
  }, 60_000);

  it('bring readers of parts, who ask while both write, to what a fresh read gives', async () => {
    await readWhileBothWrite([...WHOLE_STORE, ...PARTS]);
  }, 60_000);

  async function readWhileBothWrite(
    parts: readonly { readonly within: string | null; readonly limit: number }[],
  ): Promise<void> {
    const [one, other] = await Promise.all([open(), open()]);
    for (const [id, parentId] of [
      ['top', null],
      ['a', 'top'],
      ['b', 'a'],
      ['c', 'b'],
      ['other', null],
      ['x', 'other'],
      ['y', 'x'],
    ] as const)
      await one.create({ id, parentId });
    const readers = parts.map(({ within, limit }, n) => new Reader(n % 2 === 0 ? one : other, within, limit));
    await Promise.all(readers.map((reader) => reader.begin()));
    let isWriting = true;
    const reading = readers.map(async (reader) => {
      while (isWriting) await reader.page();
    });
    const writers = [one, other, one, other, other].map((repository, n) => writeAtRandom(repository, n, 25));
    await Promise.all(writers).finally(() => {
      isWriting = false;
    });
    await Promise.all(reading);
    for (const reader of readers) await reader.expectFresh();
  }

  it('are the same wherever they are asked for', async () => {
    const instances = await Promise.all([open(), open()]);
    let turn = 0;
    let run = 0;
    const either = () => {
      turn += 1;
      return instances[turn % 2]!;
    };
    await fc.assert(
      fc.asyncProperty(happenings, async (all) => {
        run += 1;
        const followed = new FollowedStore(either, `r${run}-`);
        for (const each of all) await followed.happen(each);
        await followed.end();
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 60_000);
});

describe('a transaction that is left open', () => {
  it('is told of once it is committed, and hides nothing that is committed meanwhile', async () => {
    const repository = await open();
    for (const id of ['a', 'b']) await repository.create({ id });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    onTestFinished(() => client.end());
    const before = await repository.mark();
    await client.query('BEGIN');
    const { rows } = await client.query('SELECT pg_current_xact_id()::text AS xid');
    const sql = (table: string, more: string) =>
      `UPDATE ${table} SET clock = $1::int8, number = number + 1${more} WHERE id = 'a'`;
    await client.query(sql('sessions', ", title = 'late', updated_clock = $1::int8"), [rows[0].xid]);
    await client.query(sql('trees', ''), [rows[0].xid]);

    const changes = async (after: string) => {
      const page = await repository.changesSince({ within: null, after, limit: 10 });
      return { ...page, told: page.changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`) };
    };
    await repository.update({ sessionId: 'b', title: 'x' });
    const meanwhile = await changes(before);
    expect(meanwhile.told).toEqual(['UPDATED b']);
    const trees = await repository.changedTrees(before);
    expect([...trees.rootIds!]).toEqual(['b']);
    expect((await changes(meanwhile.mark)).told).toEqual([]);

    await client.query('COMMIT');
    const late = await changes(meanwhile.mark);
    expect(late.told).toEqual(['UPDATED a']);
    expect([...(await repository.changedTrees(trees.mark)).rootIds!]).toEqual(['a']);
    expect((await changes(late.mark)).told).toEqual([]);
    expect((await changes(before)).told).toEqual(['UPDATED a', 'UPDATED b']);
  });

  it('of another database of the cluster is no part of a mark', async () => {
    const repository = await open();
    const client = new Client({ connectionString: new URL('postgres', database.url).href });
    await client.connect();
    onTestFinished(() => client.end());
    await client.query('BEGIN');
    const { rows } = await client.query(
      'SELECT pg_current_xact_id()::text AS xid, (SELECT count(*) FROM pg_class)',
    );
    await repository.create({ id: 'a' });
    const { epoch, base } = parseMark(await repository.mark())!;
    await client.query('COMMIT');
    const clock = epoch * EPOCH_LENGTH + Number(rows[0].xid);
    // It would have been, if it were one of this database. (The text of the mark also depends on other tests, which use the same cluster.)
    expect(base.end).toBeGreaterThan(clock);
    expect(base.open).not.toContain(clock);
  });
});

/** The clock of the transaction that runs the statement, as the store has it. */
const CLOCK = `(SELECT split_part(value, ' ', 1)::int8 * 17592186044416 FROM meta WHERE key = 'epoch') + pg_current_xact_id()::text::int8`;

describe('a transaction that began first and commits last', () => {
  it.each([
    { of: 'another session', id: 'b', told: ['a', 'b'] },
    { of: 'the same session', id: 'a', told: ['a'] },
  ])('takes no change from those who read behind it, and no mark its worth: $of', async ({ id, told }) => {
    const repository = await open();
    await repository.create({ id: 'a' });
    await repository.create({ id: 'b', parentId: 'a' });
    const before = await repository.mark();
    const late = new Client({ connectionString: database.url });
    await late.connect();
    onTestFinished(() => late.end());
    await late.query('BEGIN');
    // As another instance that has its number, and waits for the lock of the tree.
    await late.query('SELECT pg_current_xact_id()');
    await repository.append({ sessionId: 'a', messages: [say('first to commit')] });
    const between = await repository.mark();
    await late.query(`UPDATE trees SET number = number + 1, clock = ${CLOCK}`);
    await late.query(
      `UPDATE sessions SET title = 'late', version = version + 1, number = number + 2, clock = ${CLOCK}, updated_clock = ${CLOCK} WHERE id = $1`,
      [id],
    );
    await late.query('COMMIT');

    const changed = async (after: string) => {
      const page = await repository.changesSince({ within: 'a', after, limit: 100 });
      return {
        isReset: page.isReset,
        ids: [...new Set(page.changes.map(({ sessionId }) => sessionId))].sort(),
      };
    };
    expect(await changed(before)).toEqual({ isReset: false, ids: told });
    expect(await changed(between)).toEqual({ isReset: false, ids: [id] });
  });
});
