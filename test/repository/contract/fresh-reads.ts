import { describe, expect, it } from 'vitest';
import type { MessageRole } from '../../../src/model/message.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { childrenRequests } from '../../support/children.ts';
import { everything } from './everything.ts';
import { ALL, conversation, MUCH, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

const IDS = ['root', 'a', 'b', 'c', 'a1', 'a2', 'deep', 'other', 'new'];

const PAGES = [
  { limit: 2, from: 'start' },
  { limit: 2, from: 'end' },
  { limit: 100, from: 'end' },
  { limit: 2, from: 'start', after: 0 },
] as const;

const ROLES: readonly (readonly MessageRole[] | null | undefined)[] = [
  undefined,
  null,
  ['USER'],
  ['USER', 'TOOL'],
  [],
];

/** Everything that can be read, also in pages, and that a store may therefore cache. */
async function views(repository: SessionRepository) {
  const pages = [];
  for (const page of PAGES) {
    for (const roles of ROLES) {
      const requests = IDS.map((sessionId) => ({ sessionId, roles, page }));
      pages.push(await repository.historyOf(requests, PLENTY_OF_BYTES));
    }
    pages.push(await repository.childrenOf(childrenRequests(IDS, page)));
    const { limit, from } = page;
    for (const maxDepth of [null, 1, 2])
      pages.push(await repository.descendantsOf(IDS, { limit, from }, maxDepth));
  }
  const lists = [];
  for (const archived of ['EXCLUDE', 'ONLY', 'INCLUDE'] as const)
    for (const direction of ['ASC', 'DESC'] as const)
      lists.push(await repository.list({ archived }, { field: 'LAST_ACTIVE_AT', direction }, ALL));
  return { pages, lists, found: await repository.findMany(IDS), everything: await everything(repository) };
}

type Write = (repository: SessionRepository) => Promise<unknown>;

const WRITES: readonly [name: string, write: Write][] = [
  ['creates a root', (repository) => repository.create({ id: 'new', messages: conversation(3) })],
  ['spawns a first child', (repository) => repository.create({ id: 'new', parentId: 'deep' })],
  ['spawns one more child', (repository) => repository.create({ id: 'new', parentId: 'root', title: 'new' })],
  ['appends', (repository) => repository.append({ sessionId: 'a', messages: [say('one more')] })],
  [
    'appends to an empty history',
    (repository) => repository.append({ sessionId: 'deep', messages: conversation(4) }),
  ],
  ['updates a title', (repository) => repository.update({ sessionId: 'a1', title: 'another' })],
  [
    'updates metadata',
    (repository) => repository.update({ sessionId: 'root', metadata: { topic: null, more: [1] } }),
  ],
  ['truncates', (repository) => repository.truncate({ sessionId: 'a', keep: 2 }, MUCH)],
  [
    'truncates and appends as much again',
    async (repository) => {
      await repository.truncate({ sessionId: 'a', keep: 4 }, MUCH);
      await repository.append({ sessionId: 'a', messages: [say('x')] });
    },
  ],
  [
    'moves a subtree into another tree',
    (repository) => repository.move({ sessionId: 'a', parentId: 'other' }),
  ],
  ['moves a subtree down', (repository) => repository.move({ sessionId: 'a', parentId: 'b' })],
  ['makes a root of a subtree', (repository) => repository.move({ sessionId: 'a', parentId: null })],
  ['moves the first child to the end', (repository) => repository.move({ sessionId: 'a', parentId: 'root' })],
  [
    'archives a subtree',
    (repository) => repository.archive({ sessionId: 'a', archived: true, subtree: true }),
  ],
  [
    'archives a session alone',
    (repository) => repository.archive({ sessionId: 'a', archived: true, subtree: false }),
  ],
  [
    'brings back what is archived',
    (repository) => repository.archive({ sessionId: 'c', archived: false, subtree: true }),
  ],
  ['deletes a leaf', (repository) => repository.delete({ sessionId: 'deep', mode: 'RESTRICT' })],
  ['deletes with CASCADE', (repository) => repository.delete({ sessionId: 'a', mode: 'CASCADE' })],
  ['deletes with REPARENT', (repository) => repository.delete({ sessionId: 'a', mode: 'REPARENT' })],
  [
    'deletes a root with REPARENT',
    (repository) => repository.delete({ sessionId: 'root', mode: 'REPARENT' }),
  ],
  ['forks into the tree', (repository) => repository.fork({ sessionId: 'a', id: 'new', asRoot: false })],
  ['forks out of the tree', (repository) => repository.fork({ sessionId: 'a', id: 'new', asRoot: true })],
];

export function describeFreshReads(store: OpenStore): void {
  /** Of root: a (a1 over deep, a2), b and c, which is archived; and another tree. */
  async function grow(): Promise<void> {
    const { repository } = store;
    await store.create({ id: 'root', metadata: { topic: 'x' }, messages: conversation(3) });
    for (const id of ['a', 'b', 'c']) await store.create({ id, parentId: 'root' });
    for (const id of ['a1', 'a2']) await store.create({ id, parentId: 'a' });
    await store.create({ id: 'deep', parentId: 'a1' });
    await store.create({ id: 'other' });
    await repository.append({ sessionId: 'a', messages: conversation(5) });
    await repository.append({ sessionId: 'a2', messages: conversation(2) });
    await repository.archive({ sessionId: 'c', archived: true, subtree: true });
  }

  describe('what was read before', () => {
    it.each(WRITES)('shows, when it is read again, a write that %s', async (_name, write) => {
      await grow();
      const before = await views(store.repository);
      expect(await views(store.repository)).toEqual(before);
      await write(store.repository);
      const after = await views(store.repository);
      expect(after).not.toEqual(before);
      expect(await views(store.repository)).toEqual(after);
      // Also read without any cache, and from the files alone.
      await store.comeBack('rebuilt');
      expect(await views(store.repository)).toEqual(after);
    });

    it('shows each of several writes, with reads between them', async () => {
      await grow();
      for (const [, write] of WRITES.filter(([name]) =>
        /^(spawns one|appends$|updates|moves|archives a sub|brings|truncates$)/.test(name),
      )) {
        await views(store.repository);
        await write(store.repository).catch((error: Error) => {
          if (error.name !== 'SessionArchivedError') throw error;
        });
      }
      const after = await views(store.repository);
      await store.comeBack('rebuilt');
      expect(await views(store.repository)).toEqual(after);
    });

    it('shows where a subtree has come to', async () => {
      await grow();
      const where = async () => {
        const sessions = await store.repository.findMany(['a', 'deep']);
        return sessions.map((session) => [session!.rootId, session!.depth]);
      };
      await views(store.repository);
      expect(await where()).toEqual([
        ['root', 1],
        ['root', 3],
      ]);
      await store.repository.move({ sessionId: 'a', parentId: null });
      expect(await where()).toEqual([
        ['a', 0],
        ['a', 2],
      ]);
      const [children] = await store.repository.childrenOf(childrenRequests(['a1'], ALL));
      expect(children!.items).toMatchObject([{ id: 'deep', rootId: 'a', depth: 2 }]);
    });

    it('of all roles is not what is read of none, or of some', async () => {
      await store.create({ id: 'a', messages: conversation(4) });
      const page = { limit: 10, from: 'start' } as const;
      const count = async (roles: readonly MessageRole[] | null) =>
        (await store.repository.historyOf([{ sessionId: 'a', roles, page }], PLENTY_OF_BYTES))[0]!.items
          .length;
      for (let time = 0; time < 2; time += 1) {
        expect([
          await count(null),
          await count([]),
          await count(['USER']),
          await count(['USER', 'TOOL']),
        ]).toEqual([4, 0, 2, 3]);
      }
    });

    it('between some times is not what is read between others', async () => {
      const hours = [1, 2, 3].map((hour) => new Date(Date.UTC(2026, 0, 1, hour)));
      await store.create({ id: 'a', messages: hours.map((createdAt, n) => say(`${n}`, { createdAt })) });
      const [first, second, third] = hours;
      const page = { limit: 10, from: 'start' } as const;
      const contents = async (createdAfter?: Date, createdBefore?: Date) => {
        const request = { sessionId: 'a', page, createdAfter, createdBefore };
        const [found] = await store.repository.historyOf([request], PLENTY_OF_BYTES);
        return found!.items.map(({ content }) => content).join('');
      };
      for (let time = 0; time < 2; time += 1) {
        expect([
          await contents(),
          await contents(second),
          await contents(third),
          await contents(undefined, third),
          await contents(first, second),
        ]).toEqual(['012', '12', '2', '01', '0']);
      }
    });

    it('is not changed by who was given it', async () => {
      await grow();
      const before = JSON.stringify(await views(store.repository));
      const [page] = await store.repository.descendantsOf(['root'], ALL, null);
      (page!.items as unknown[]).reverse();
      const [children] = await store.repository.childrenOf(childrenRequests(['root'], ALL));
      (children!.items as unknown[]).pop();
      expect(JSON.stringify(await views(store.repository))).toBe(before);
    });
  });
}
