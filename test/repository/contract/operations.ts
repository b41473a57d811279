import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/model/operation.ts';
import { type Session, SHORT_METADATA_BYTES } from '../../../src/model/session.ts';
import type {
  Appended,
  Archived,
  Deleted,
  Moved,
  Truncated,
  WrittenHistory,
} from '../../../src/repository/mutations.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { everything } from './everything.ts';
import { conversation, idsOf, MUCH, type OpenStore, operation, RETURNS, say, WHOLE } from './store.ts';

type Result = Session | Appended | Deleted | Archived | Moved | Truncated | WrittenHistory;

/** One mutation of each kind. `b` and `aa` are the children of `a`; `c` and `k` are other roots, `k` has keys. */
const MUTATIONS: [string, (repository: SessionRepository, operation?: Operation) => Promise<Result>][] = [
  ['create', (repository, op) => repository.create({ id: 'new', messages: [say('first')] }, op)],
  ['create, the id left out', (repository, op) => repository.create({ parentId: 'a', title: 'new' }, op)],
  ['append', (repository, op) => repository.append({ sessionId: 'b', messages: conversation(2) }, op)],
  [
    'append, guarded',
    (repository, op) =>
      repository.append({ sessionId: 'b', messages: [say('one', { payload: [1] })], expectedVersion: 1 }, op),
  ],
  ['update', (repository, op) => repository.update({ sessionId: 'b', title: 'new', metadata: { a: 1 } }, op)],
  [
    'update, guarded',
    (repository, op) => repository.update({ sessionId: 'b', title: 'x', expectedVersion: 1 }, op),
  ],
  ['delete', (repository, op) => repository.delete({ sessionId: 'c', mode: 'RESTRICT' }, op)],
  ['delete, cascading', (repository, op) => repository.delete({ sessionId: 'a', mode: 'CASCADE' }, op)],
  ['delete, reparenting', (repository, op) => repository.delete({ sessionId: 'a', mode: 'REPARENT' }, op)],
  ['fork', (repository, op) => repository.fork({ sessionId: 'c', id: 'new', asRoot: false }, op)],
  ['fork, the id left out', (repository, op) => repository.fork({ sessionId: 'b', asRoot: true }, op)],
  ['move', (repository, op) => repository.move({ sessionId: 'b', parentId: 'c' }, op)],
  [
    'move, guarded',
    (repository, op) => repository.move({ sessionId: 'b', parentId: null, expectedVersion: 1 }, op),
  ],
  ['archive', (repository, op) => repository.archive({ sessionId: 'a', archived: true, subtree: true }, op)],
  [
    'unarchive',
    (repository, op) => repository.archive({ sessionId: 'a', archived: false, subtree: true }, op),
  ],
  ['truncate', (repository, op) => repository.truncate({ sessionId: 'c', keep: 1 }, MUCH, op)],
  [
    'append, keys that are there ignored',
    (repository, op) =>
      repository.append(
        { sessionId: 'k', messages: [say('new', { key: 'n' }), say('0', { key: 'k0' })], onKey: 'IGNORE' },
        op,
        MUCH,
      ),
  ],
  [
    'append, keys that are there replaced',
    (repository, op) =>
      repository.append(
        {
          sessionId: 'k',
          messages: [say('new'), say('other', { key: 'k0' }), say('1', { key: 'k1' })],
          onKey: 'REPLACE',
        },
        op,
        MUCH,
      ),
  ],
  [
    'write, messages alone',
    (repository, op) => repository.writeHistory({ sessionId: 'c', messages: [say('more')] }, WHOLE, op),
  ],
  ['write, a pop', (repository, op) => repository.writeHistory({ sessionId: 'k', dropLast: 2 }, WHOLE, op)],
  [
    'write, a turn by the key of the session',
    (repository, op) =>
      repository.writeHistory(
        { key: 'k', messages: conversation(3), title: null, status: 'WAITING', metadata: { turn: 1 } },
        WHOLE,
        op,
      ),
  ],
  [
    'write, a message in the place of others',
    (repository, op) =>
      repository.writeHistory(
        { sessionId: 'k', keepThroughKey: 'k0', messages: [say('again', { key: 'k1' })], expectedVersion: 1 },
        WHOLE,
        op,
      ),
  ],
  [
    'write, a creation',
    (repository, op) =>
      repository.writeHistory(
        { sessionId: 'new', create: { parentId: 'a' }, messages: conversation(2) },
        WHOLE,
        op,
      ),
  ],
  [
    'write, a creation by key',
    (repository, op) => repository.writeHistory({ key: 'new', create: {}, title: 'new' }, WHOLE, op),
  ],
  [
    'write, a status alone',
    (repository, op) => repository.writeHistory({ sessionId: 'c', status: 'FAILED' }, WHOLE, op),
  ],
  [
    'write, without a change',
    (repository, op) => repository.writeHistory({ sessionId: 'c', keep: 2, messages: [] }, WHOLE, op),
  ],
];

/** What a deleted session leaves for the answer to a retry, beside what the input says. */
const KEPT = [
  'id',
  'rootId',
  'depth',
  'createdAt',
  'lastActiveAt',
  'messageCount',
  'historyLength',
  'version',
] as const;

/** The part of an answer that a replay must repeat: the session's id (its state may have changed), messages and deleted ids. */
function essence(result: Result) {
  if ('deletedIds' in result) return result;
  if ('changedIds' in result) return { id: result.session.id, changedIds: result.changedIds };
  if ('formerParentId' in result) return { id: result.session.id, formerParentId: result.formerParentId };
  if ('isNew' in result) {
    const { session, ...rest } = result;
    return { id: session.id, ...rest };
  }
  if ('removed' in result) {
    const { session, removedCount, removed } = result;
    return { id: session.id, removedCount, removed };
  }
  if ('messages' in result) return { id: result.session.id, messages: result.messages };
  return { id: result.id };
}

const sessionOf = (result: Result): string | undefined =>
  'deletedIds' in result ? undefined : 'session' in result ? result.session.id : result.id;

export function describeOperations(store: OpenStore): void {
  const op = operation('Op/1 "ä😀"', 'input');
  const conflict = { name: 'ConflictError', reason: 'OPERATION', expectedVersion: null, actualVersion: null };

  async function prepare() {
    await store.chain('a', 'b');
    await store.create({ id: 'aa', parentId: 'a' });
    await store.create({ id: 'c', messages: conversation(2) });
    const messages = ['0', '1', '2'].map((content) => say(content, { key: `k${content}` }));
    await store.create({ id: 'k', key: 'k', messages });
  }

  describe.each(MUTATIONS)('a retried mutation (%s)', (_name, mutate) => {
    it('is answered as the first time and changes nothing', async () => {
      await prepare();
      const first = await mutate(store.repository, op);
      const before = await everything(store.repository);
      expect(essence(await mutate(store.repository, op))).toEqual(essence(first));
      expect(await everything(store.repository)).toEqual(before);
    });

    it.each(RETURNS)('is still known after the store was %s', async (how) => {
      await prepare();
      const first = await mutate(store.repository, op);
      const before = await everything(store.repository);
      await store.comeBack(how);
      expect(essence(await mutate(store.repository, op))).toEqual(essence(first));
      expect(await everything(store.repository)).toEqual(before);
      await expect(mutate(store.repository, operation(op.id, 'other'))).rejects.toMatchObject(conflict);
    });

    it('is answered as the first time when other writes came between', async () => {
      await prepare();
      const first = await mutate(store.repository, op);
      for (const sessionId of ['b', 'c', 'k', sessionOf(first) ?? 'c'])
        await store.repository.append({ sessionId, messages: [say('later')] }).catch(() => undefined);
      const before = await everything(store.repository);
      expect(essence(await mutate(store.repository, op))).toEqual(essence(first));
      expect(await everything(store.repository)).toEqual(before);
    });

    it('is done once when it comes many times at once', async () => {
      await prepare();
      const results = await Promise.all(Array.from({ length: 8 }, () => mutate(store.repository, op)));
      for (const result of results) expect(essence(result)).toEqual(essence(results[0]!));
      const before = await everything(store.repository);
      await mutate(store.repository, op);
      expect(await everything(store.repository)).toEqual(before);
    });

    it('with other input is a conflict, also where it would be refused anyway', async () => {
      await prepare();
      await mutate(store.repository, op);
      const before = await everything(store.repository);
      const other = operation(op.id, 'other');
      const { repository } = store;
      for (const [, another] of MUTATIONS)
        await expect(another(repository, other)).rejects.toMatchObject(conflict);
      const stale = { expectedVersion: 99 };
      for (const attempt of [
        repository.append({ sessionId: 'b', messages: [say('')], ...stale }, other),
        repository.append({ sessionId: 'missing', messages: [say('')] }, other),
        repository.update({ sessionId: 'b', ...stale }, other),
        repository.delete({ sessionId: 'b', mode: 'RESTRICT', ...stale }, other),
        repository.create({ id: 'b' }, other),
      ])
        await expect(attempt).rejects.toMatchObject(conflict);
      expect(await everything(repository)).toEqual(before);
    });

    it.each(['at once', ...RETURNS] as const)(
      'after the session was deleted is answered, and brings nothing back: %s',
      async (how) => {
        await prepare();
        const first = await mutate(store.repository, op);
        const id = sessionOf(first);
        if (id) await store.repository.delete({ sessionId: id, mode: 'CASCADE' });
        const before = await everything(store.repository, id ? [id] : []);
        if (how !== 'at once') await store.comeBack(how);
        const again = await mutate(store.repository, op);
        if ('messages' in first && 'messages' in again) {
          expect(again.messages).toMatchObject(
            first.messages.map(({ sessionId, ordinal, role, content, payload }) => ({
              sessionId,
              ordinal,
              role,
              content,
              payload,
            })),
          );
        } else if ('deletedIds' in first) {
          expect(again).toEqual(first);
        } else if ('formerParentId' in first) {
          expect(again).toMatchObject({ formerParentId: first.formerParentId });
        }
        for (const member of ['removedCount', 'isNew'] as const)
          if (member in first) expect(again).toHaveProperty(member, (first as WrittenHistory)[member]);
        expect(sessionOf(again)).toBe(id);
        expect(await everything(store.repository, id ? [id] : [])).toEqual(before);
        if (id) expect(idsOf(await store.repository.findMany([id]))).toEqual([null]);
      },
    );
  });

  it.each<[string, (repository: SessionRepository) => Promise<{ session: Session }>, object]>([
    [
      'a write that creates it',
      (repository) =>
        repository.writeHistory(
          {
            sessionId: 'new',
            create: { title: 'T', metadata: { a: 1 } },
            metadata: { b: 2 },
            setMetadata: { c: null },
          },
          WHOLE,
          op,
        ),
      { title: 'T', metadata: { a: 1, b: 2, c: null } },
    ],
    [
      'a write that creates it without the title of `create`',
      (repository) =>
        repository.writeHistory({ sessionId: 'new', create: { title: 'T' }, title: null }, WHOLE, op),
      { title: null, metadata: {} },
    ],
    [
      'a write to it',
      (repository) =>
        repository.writeHistory({ sessionId: 'c', create: { title: 'no' }, title: 'T' }, WHOLE, op),
      { title: 'T', metadata: {} },
    ],
  ])(
    'the retry of %s, after the session was deleted, has the title and metadata of the input',
    async (_, write, known) => {
      await prepare();
      const { session } = await write(store.repository);
      await store.repository.delete({ sessionId: session.id, mode: 'CASCADE' });
      expect((await write(store.repository)).session).toMatchObject({ id: session.id, ...known });
    },
  );

  const said = {
    title: 'T',
    key: 'said',
    agentName: 'planner',
    project: 'p',
    status: 'FAILED' as const,
    statusMessage: 'out of money',
  };

  it.each<[string, (repository: SessionRepository) => Promise<Session>]>([
    ['a creation', (repository) => repository.create({ id: 'new', parentId: 'a', ...said }, op)],
    ['an update', (repository) => repository.update({ sessionId: 'c', ...said }, op)],
    [
      'a write that creates it',
      async (repository) => {
        const { title, key, agentName, project, ...state } = said;
        const create = { title, agentName, project };
        return (await repository.writeHistory({ key, create, ...state }, WHOLE, op)).session;
      },
    ],
  ])('the retry of %s, after the session was deleted, has what the input says of it', async (_, mutate) => {
    await prepare();
    const { id } = await mutate(store.repository);
    await store.repository.delete({ sessionId: id, mode: 'CASCADE' });
    expect(await mutate(store.repository)).toMatchObject({ id, ...said });
  });

  it('the retry of a pop has the messages that were dropped, whether it writes an empty list of messages or none', async () => {
    await prepare();
    const pop = (id: string, input: object) =>
      store.repository.writeHistory({ sessionId: 'c', ...input }, WHOLE, operation(id, 'pop'));
    const first = await pop('none', { dropLast: 1 });
    expect(first).toMatchObject({ removedCount: 1, removed: [{}] });
    expect(await pop('none', { dropLast: 1, messages: [] })).toEqual(first);
    const second = await pop('empty', { dropLast: 1, messages: [] });
    expect(second.removedCount).toBe(1);
    expect(await pop('empty', { dropLast: 1 })).toEqual(second);
  });

  it('the retry of a write, after the session was deleted, has the status of the input', async () => {
    await prepare();
    const { title, status, statusMessage } = said;
    const input = { sessionId: 'c', create: { agentName: 'no' }, title, status, statusMessage };
    await store.repository.writeHistory(input, WHOLE, op);
    await store.repository.delete({ sessionId: 'c', mode: 'CASCADE' });
    const { session } = await store.repository.writeHistory(input, WHOLE, op);
    expect(session).toMatchObject({ title, status, statusMessage, agentName: null });
  });

  it('the retry of a creation, after the session was deleted, has the metadata of the input, however long, and their size', async () => {
    const metadata = { text: 'x'.repeat(SHORT_METADATA_BYTES) };
    const create = () => store.repository.create({ id: 'new', metadata }, op);
    await create();
    await store.repository.delete({ sessionId: 'new', mode: 'RESTRICT' });
    const metadataBytes = JSON.stringify(metadata).length;
    expect(await create()).toMatchObject({ metadata, metadataBytes });
  });

  it.each([null, 'ada', 'a "b" \\ c\n\u2028'])(
    'the retry of a creation, after the session was deleted, has the user and the times of the session (%j)',
    async (userId) => {
      const input = { id: 'new', userId, messages: [say('Hello')] };
      const created = await store.repository.create(input, op);
      await store.repository.delete({ sessionId: 'new', mode: 'RESTRICT' });
      const again = await store.repository.create(input, op);
      expect(again.userId).toBe(userId);
      for (const member of KEPT) expect(again[member], member).toEqual(created[member]);
    },
  );

  describe('an operation id', () => {
    it('that is given differs from one in another case or with spaces', async () => {
      const ids = ['op', 'OP', 'Op', ' op', 'op ', '0', '__proto__', 'constructor'];
      for (const id of ids) await store.create({ title: id }, operation(id, 'same'));
      expect(await store.repository.count({})).toBe(ids.length);
    });

    it('left out lets the same mutation be done again', async () => {
      await prepare();
      await store.repository.append({ sessionId: 'b', messages: [say('twice')] });
      await store.repository.append({ sessionId: 'b', messages: [say('twice')] });
      expect(await store.find('b')).toMatchObject({ historyLength: 2, version: 3 });
    });

    it('of a mutation that was refused is free: once the cause is gone, a retry does it', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      const append = () =>
        repository.append({ sessionId: 'b', messages: [say('hi')] }, operation('1', 'append'));
      await expect(append()).rejects.toMatchObject({ name: 'SessionNotFoundError' });
      const spawn = () => repository.create({ id: 'c', parentId: 'b' }, operation('2', 'spawn'));
      await expect(spawn()).rejects.toMatchObject({ name: 'SessionNotFoundError' });
      await store.create({ id: 'b' });
      expect((await append()).messages.length).toBe(1);
      expect((await spawn()).parentId).toBe('b');

      const update = () =>
        repository.update({ sessionId: 'a', title: 'x', expectedVersion: 2 }, operation('3', 'update'));
      await expect(update()).rejects.toMatchObject({ name: 'ConflictError', reason: 'VERSION' });
      await repository.append({ sessionId: 'a', messages: [say('')] });
      expect((await update()).version).toBe(3);

      const remove = () => repository.delete({ sessionId: 'b', mode: 'RESTRICT' }, operation('4', 'delete'));
      await expect(remove()).rejects.toMatchObject({ name: 'SessionHasChildrenError' });
      await repository.delete({ sessionId: 'c', mode: 'RESTRICT' });
      expect((await remove()).deletedIds).toEqual(['b']);
    });

    it('of a mutation that was refused may be used with other input', async () => {
      const { repository } = store;
      await expect(
        repository.update({ sessionId: 'a', title: 'x' }, operation('1', 'wrong')),
      ).rejects.toThrow();
      await store.create({ id: 'a' });
      expect(await repository.update({ sessionId: 'a', title: 'y' }, operation('1', 'right'))).toMatchObject({
        title: 'y',
      });
    });

    it('that comes at once with two inputs is taken by one of them', async () => {
      await prepare();
      const results = await Promise.allSettled(
        ['x', 'y', 'x', 'y'].map((title) =>
          store.repository.update({ sessionId: 'b', title }, operation('1', title)),
        ),
      );
      const { title } = await store.find('b');
      expect(results.map(({ status }) => status)).toEqual(
        ['x', 'y', 'x', 'y'].map((each) => (each === title ? 'fulfilled' : 'rejected')),
      );
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject(conflict);
      expect(await store.find('b')).toMatchObject({ version: 2 });
    });

    it('that comes again while the first is refused is done then', async () => {
      const { repository } = store;
      const append = () =>
        repository.append({ sessionId: 'a', messages: [say('hi')] }, operation('1', 'append'));
      const results = await Promise.allSettled([append(), store.create({ id: 'a' }), append(), append()]);
      const done = results.filter(({ status }) => status === 'fulfilled').length;
      await append();
      expect(done).toBeGreaterThanOrEqual(1);
      expect(await store.find('a')).toMatchObject({ historyLength: 1, version: 2 });
    });
  });
}
