import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { operationOf } from '../../../../src/model/operation.ts';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { childrenRequests } from '../../../support/children.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;
let other: TestStore;

/** The two stores give the same sequence numbers to different sessions. */
beforeEach(async () => {
  store = await TestStore.make();
  other = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b', 'c']) await repository.create({ id });
    await repository.create({ id: 'old-child', parentId: 'a' });
  });
  await other.during(async (repository) => {
    await repository.create({ id: 'x' });
    await repository.create({ id: 'mail', title: 'from elsewhere' }, operationOf('theirs', 'create', 1));
    await repository.append({ sessionId: 'mail', messages: exchange(1) });
    await repository.append({ sessionId: 'mail', messages: [say('2'), say('3'), say('4')] });
    await repository.create({ id: 'a' });
    await repository.create({ id: 'reply', parentId: 'a' });
  });
});

function bring(id: string): void {
  mkdirSync(dirname(store.sessionFile(id)), { recursive: true });
  cpSync(other.sessionFile(id), store.sessionFile(id));
}

describe('a session file from another store', () => {
  it('is taken in at the next start, whole, after all that is there', async () => {
    bring('mail');
    const repository = await store.open();
    const [mail] = await repository.findMany(['mail']);
    expect(mail).toMatchObject({
      title: 'from elsewhere',
      messageCount: 4,
      historyLength: 5,
      version: 4,
      damage: [],
    });
    expect(mail!.sequence).toBeGreaterThan(4);
    expect(await contents(repository, 'mail')).toEqual(['question 1', 'answer 1', '2', '3', '4']);
    const { items } = await repository.list(
      {},
      { field: 'CREATED_AT', direction: 'ASC' },
      { limit: 9, from: 'start' },
    );
    expect(items).toHaveLength(5);
    expect((await repository.status()).quarantined).toEqual([]);
    // The file keeps its lines. One more line at the end records the session's place.
    expect(JSON.parse(store.lines('mail').at(-1)!)).toMatchObject({
      op: 'adopt',
      version: 4,
      seq: mail!.sequence,
    });
    expect(store.lines('mail').slice(0, -1).join('\n')).toBe(
      readFileSync(other.sessionFile('mail'), 'utf8').trimEnd(),
    );
  });

  it('is one of this store from then on, also once the index was built again', async () => {
    bring('mail');
    const before = await store.during(async (repository) => {
      await repository.append({ sessionId: 'mail', messages: [say('at home')] });
      const { session } = await repository.append({ sessionId: 'a', messages: [say('after')] });
      return [await repository.findMany(['mail', 'a']), session.version, await contents(repository, 'mail')];
    });
    expect((await checkDataDirectory({ directory: store.directory })).problems).toEqual([]);
    rmSync(store.path('index.db'));
    const again = await store.open();
    expect([await again.findMany(['mail', 'a']), 2, await contents(again, 'mail')]).toEqual(before);
    expect(store.lines('mail').filter((line) => line.includes('"adopt"'))).toHaveLength(1);
  });

  it('takes its place under a parent that is there, behind the children that are', async () => {
    bring('reply');
    const repository = await store.open();
    const [page] = await repository.childrenOf(childrenRequests(['a'], { limit: 9, from: 'start' }));
    expect(page!.items.map(({ id }) => id)).toEqual(['old-child', 'reply']);
  });

  it('does not bring the operations of its store along', async () => {
    bring('mail');
    const repository = await store.open();
    const made = await repository.create({ id: 'mine' }, operationOf('theirs', 'create', 1));
    expect(made.id).toBe('mine');
  });

  it('leaves its messages to itself where a new index comes to it before the session with its number', async () => {
    const home = await TestStore.make();
    await home.during(async (repository) => {
      await repository.create({ id: 'a' });
      // "z" has the number that "mail" has in the other store, and comes after "mail" in order of ids.
      await repository.create({ id: 'z' });
      await repository.append({ sessionId: 'z', messages: exchange(9) });
    });
    mkdirSync(dirname(home.sessionFile('mail')), { recursive: true });
    cpSync(other.sessionFile('mail'), home.sessionFile('mail'));
    rmSync(home.path('index.db'));
    const repository = await home.open();
    expect(await contents(repository, 'z')).toEqual(['question 9', 'answer 9']);
    expect(await contents(repository, 'mail')).toEqual(['question 1', 'answer 1', '2', '3', '4']);
  });

  it('is reported, and not taken in, by a check', async () => {
    bring('mail');
    const bytes = readFileSync(store.sessionFile('mail'));
    const { problems } = await checkDataDirectory({ directory: store.directory });
    expect(problems).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('another store') }),
    );
    expect(readFileSync(store.sessionFile('mail'))).toEqual(bytes);
  });
});

it('an older copy whose number another session has got since is taken in with a new one', async () => {
  // A copy from before "late" was created, in which another session gets the same number.
  const copy = await TestStore.make();
  cpSync(store.directory, copy.directory, { recursive: true });
  await store.during((repository) => repository.create({ id: 'late' }));
  await copy.during((repository) => repository.create({ id: 'same-number' }));
  mkdirSync(dirname(store.sessionFile('same-number')), { recursive: true });
  cpSync(copy.sessionFile('same-number'), store.sessionFile('same-number'));

  const repository = await store.open();
  const found = await repository.findMany(['late', 'same-number']);
  expect(found.map((session) => session?.sequence)).toEqual([5, 6]);
  expect((await repository.status()).quarantined).toEqual([]);
});

it('a file of a newer copy, in the place of a session in use, is taken in at the next start and takes no number from others', async () => {
  const copy = await TestStore.make();
  cpSync(store.directory, copy.directory, { recursive: true });
  await copy.during(async (repository) => {
    for (const id of ['one', 'two', 'used']) await repository.create({ id });
  });
  const names = ['d', 'e', 'f'];
  await store.during(async (repository) => {
    await repository.create({ id: 'used' });
    cpSync(copy.sessionFile('used'), store.sessionFile('used'));
    // A read of the history finds the file.
    expect(await contents(repository, 'used')).toEqual([]);
    expect(await repository.findMany(['used'])).toEqual([null]);
    expect((await repository.status()).quarantined).toMatchObject([
      { reason: expect.stringMatching(/copy of this one: the next start takes it in/) },
    ]);
    // One of these gets the number that "used" had in the copy.
    for (const id of names) await repository.create({ id });
    expect(await allIds(repository)).toEqual(['a', 'b', 'c', 'old-child', ...names]);
  });
  await store.during(async (repository) => {
    expect(await allIds(repository)).toEqual(['a', 'b', 'c', 'old-child', ...names, 'used']);
  });
});

/** The ids of all sessions, in the order of their numbers. */
async function allIds(repository: SessionRepository): Promise<string[]> {
  const { items } = await repository.list(
    {},
    { field: 'CREATED_AT', direction: 'ASC' },
    { limit: 99, from: 'start' },
  );
  return items.toSorted((a, b) => a.sequence - b.sequence).map(({ id }) => id);
}
