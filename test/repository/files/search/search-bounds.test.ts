import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { StorageError } from '../../../../src/model/errors.ts';
import { parseQuery } from '../../../../src/model/search/query.ts';
import { Statements } from '../../../../src/repository/files/index/statements.ts';
import { FairTurns } from '../../../../src/repository/files/search/fair-turns.ts';
import { Places } from '../../../../src/repository/files/search/places.ts';
import { rank } from '../../../../src/repository/files/search/rank.ts';
import { Reader } from '../../../../src/repository/files/search/readers.ts';
import { snippetsOf } from '../../../../src/repository/files/search/snippets.ts';
import { CancelledError, Work } from '../../../../src/repository/files/search/work.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { completePage } from '../../contract/store.ts';
import { say, TestStore } from '../store.ts';

const caughtUp = async (repository: SessionRepository) => {
  while (!(await repository.search({ query: '', limit: 1 })).isComplete);
};

/** Bytes of a text: all together do not fit into one partition. */
const LARGE_BYTES = 900_000;
const LARGE = 12;

const idOf = (n: number) => `session-${String.fromCharCode(97 + n)}`;

test('texts of more than one partition are found, ranked together, and removed', async () => {
  const store = await TestStore.make();
  const found = async (repository: SessionRepository, query: string) => {
    const { hits, isComplete } = await completePage(() => repository.search({ query, limit: 100 }));
    expect(isComplete).toBe(true);
    return hits.map(({ sessionId }) => sessionId);
  };
  await store.during(async (repository) => {
    for (let n = 0; n < LARGE; n += 1) {
      const messages = [say(`fox number${n}`), say(`needle ${'word '.repeat(LARGE_BYTES / 5)}`)];
      await repository.create({ id: idOf(n), messages });
    }
    await caughtUp(repository);
    const all = Array.from({ length: LARGE }, (_, n) => idOf(n));
    expect((await found(repository, 'fox')).sort()).toEqual(all);
    expect((await found(repository, 'need*')).sort()).toEqual(all);
    for (const n of [0, LARGE - 1]) expect(await found(repository, `number${n}`)).toEqual([idOf(n)]);
    expect(await found(repository, 'fox number0')).toEqual([idOf(0)]);
    await repository.delete({ sessionId: idOf(0), mode: 'RESTRICT' });
    await repository.truncate({ sessionId: idOf(1), keep: 1 }, null);
    await caughtUp(repository);
    expect((await found(repository, 'needle')).sort()).toEqual(all.slice(2));
    expect((await found(repository, 'fox')).sort()).toEqual(all.slice(1));
  });
  const database = new DatabaseSync(store.path('search.db'));
  try {
    const partitions = database.prepare('SELECT first FROM partitions ORDER BY number').all();
    expect(partitions.length).toBeGreaterThan(1);
    const documents = database.prepare('SELECT count(*) AS n FROM documents').get()!.n;
    expect(documents).toBe(2 * LARGE - 3);
  } finally {
    database.close();
  }
  // A search index that is opened again goes on in its newest partition.
  await store.during(async (repository) => {
    await repository.create({ id: 'later', messages: [say('fox')] });
    expect(await found(repository, 'fox')).toHaveLength(LARGE);
  });
});

/** As many as are ranked: enough for a search that lasts until all that come at the same time have arrived, as a rule. */
const MATCHES = 10_000;
/** A busy machine can hold up the thread that asks in the middle of its searches, until the first one is over. */
const TRIES = 20;

test('equal searches of one time are one search', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  const messages = Array.from({ length: MATCHES / 2 }, () => say('a fox'));
  for (const id of ['a', 'b']) await repository.create({ id, messages });
  await caughtUp(repository);
  let walked = 0;
  const onWalk = (rows: number) => {
    walked += rows;
  };
  const search = () => repository.search({ query: 'fox', limit: 10 }, { onWalk });
  for (let tries = 0; tries < TRIES && walked !== MATCHES; tries += 1) {
    walked = 0;
    const pages = await Promise.all(Array.from({ length: 20 }, search));
    for (const page of pages) expect(page).toEqual(pages[0]);
    expect(walked % MATCHES).toBe(0);
  }
  expect(walked).toBe(MATCHES);
  await search();
  expect(walked).toBe(2 * MATCHES);
});

test('a search goes on for the others when one of those who wait for it leaves', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  await repository.create({ id: 'a', messages: Array.from({ length: 1_000 }, () => say('a fox')) });
  const leaving = new AbortController();
  const first = repository.search({ query: 'fox', limit: 1 }, { signal: leaving.signal });
  const second = repository.search({ query: 'fox', limit: 1 });
  leaving.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  expect((await second).hits).toHaveLength(1);
});

test('a search beyond the queue is refused, and may be tried again', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  await repository.create({ id: 'a', messages: [say('fox')] });
  const leaving = new AbortController();
  const search = (n: number, signal?: AbortSignal) =>
    repository.search({ query: `fox ${n}`, limit: 1 }, { signal });
  const waiting = Array.from({ length: 1_000 }, (_, n) => search(n, leaving.signal));
  const refused = await search(1_000).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StorageError);
  expect(refused).toMatchObject({ isRetryable: true });
  leaving.abort();
  for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
  expect(await repository.search({ query: 'fox', limit: 1 })).toMatchObject({ hits: [{ sessionId: 'a' }] });
});

test('work that is cancelled ends with its turn', async () => {
  const store = await TestStore.make();
  const refs = Array.from({ length: 10 }, (_, ordinal) => ({ sessionId: 'large', ordinal }));
  await store.during(async (repository) => {
    const messages = refs.map(({ ordinal }) => say(`fox ${'é word '.repeat(20_000)}${ordinal}`));
    await repository.create({ id: 'large', messages });
    await repository.create({ id: 'many', messages: Array.from({ length: 60_000 }, () => say('a fox')) });
    await caughtUp(repository);
  });
  const turns = new FairTurns();
  const used = { rows: 0, bytes: 0 };
  const workToBeCancelled = () => {
    const work = new Work(turns, Number.POSITIVE_INFINITY, ({ rows, bytes }) => {
      used.rows += rows;
      used.bytes += bytes;
      work.cancel();
    });
    return work;
  };
  const reader = new Reader(store.path('search.db'));
  const index = new DatabaseSync(store.path('index.db'), { readOnly: true });
  try {
    const everywhere = { within: null, fields: ['CONTENT'] as const, includeCopies: true };
    const match = { ...everywhere, phrases: parseQuery('fox'), roles: null };
    for (const roles of [null, [3]])
      await expect(rank(reader, { ...match, roles }, workToBeCancelled(), new Places(1))).rejects.toThrow(
        CancelledError,
      );
    // To their ends, the first search would look at the 10,000 messages that are ranked, and the second at all 60,000.
    expect(used.rows).toBeLessThan(60_000);
    const needle = { phrases: parseQuery('needle'), fields: everywhere.fields, refs };
    const snippets = snippetsOf(store.directory, new Statements(index), needle, workToBeCancelled());
    await expect(snippets).rejects.toThrow(CancelledError);
    expect(used.bytes).toBeLessThan((refs.length / 2) * 160_000);
  } finally {
    reader.close();
    index.close();
  }
});
