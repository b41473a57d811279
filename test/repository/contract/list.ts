import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonObject, type JsonValue, jsonContains } from '../../../src/model/json.ts';
import {
  SESSION_STATUSES,
  type Session,
  type SessionFilter,
  type SessionOrder,
  type SessionStatus,
} from '../../../src/model/session.ts';
import type { ListKey, PageRequest } from '../../../src/repository/reads.ts';
import { listKey, naiveList } from './naive.ts';
import { ALL, idsOf, type OpenStore, say } from './store.ts';

const OLDEST: SessionOrder = { field: 'CREATED_AT', direction: 'ASC' };
const ORDERS: SessionOrder[] = [
  OLDEST,
  { field: 'CREATED_AT', direction: 'DESC' },
  { field: 'LAST_ACTIVE_AT', direction: 'ASC' },
  { field: 'LAST_ACTIVE_AT', direction: 'DESC' },
];
const TREE_ORDERS: SessionOrder[] = [
  { field: 'TREE_LAST_ACTIVE_AT', direction: 'ASC' },
  { field: 'TREE_LAST_ACTIVE_AT', direction: 'DESC' },
];
const TIMES = [1, 2, 3].map((day) => new Date(Date.UTC(2026, 0, day)));
const METADATA: JsonObject[] = [
  {},
  { team: 'red' },
  { team: 'red', tags: ['a', 'b'], nested: { deep: { x: 1, y: null } } },
  { team: 'blue', tags: ['b'] },
  JSON.parse('{"__proto__":{"team":"red"}}'),
];

const TITLES = ['Fix the parser', 'fix PARSERS, all of them', 'The end', '', null];

export function describeList(store: OpenStore): void {
  const list = async (filter: SessionFilter, order = OLDEST, page: PageRequest<ListKey> = ALL) =>
    store.repository.list(filter, order, page);

  /** Sessions whose times, users, parents and metadata repeat, so that orders have ties and filters overlap. */
  async function populate(): Promise<Session[]> {
    const ids: string[] = [];
    for (let index = 0; index < 48; index += 1) {
      const id = `s${(index * 31) % 48}`;
      await store.create({
        id,
        parentId: index % 4 === 0 ? null : ids[Math.floor(index / 3)]!,
        userId: ['ann', 'bob', null][index % 3]!,
        metadata: METADATA[index % METADATA.length]!,
        title: TITLES[index % TITLES.length]!,
        project: ['/red', '/blue', null][index % 3]!,
        agentName: ['planner', 'Planner', 'coder', null][(index >> 1) % 4]!,
        status: SESSION_STATUSES[index % SESSION_STATUSES.length]!,
        createdAt: TIMES[(index * 7) % 3]!,
        lastActiveAt: TIMES[(index * 5 + (index % 2)) % 3]!,
      });
      ids.push(id);
    }
    const found = await store.repository.findMany(ids);
    return found.map((session) => session!);
  }

  describe('a list of sessions', () => {
    it.each(ORDERS)(
      'is ordered by $field $direction, ties by sequence in the same direction',
      async (order) => {
        const sessions = await populate();
        const { items } = await list({}, order);
        const expected = naiveList(sessions, {}, order, ALL).items;
        expect(items).toEqual(expected);
        const keys = items.map((session) => listKey(session, order));
        const sign = order.direction === 'ASC' ? 1 : -1;
        for (const [index, key] of keys.slice(1).entries()) {
          const { time, sequence } = keys[index]!;
          expect(sign * (key.time - time || key.sequence - sequence)).toBeGreaterThan(0);
        }
      },
    );

    const filters: [string, SessionFilter][] = [
      ['nothing', {}],
      ['a user', { userId: 'ann' }],
      ['a user that nobody is', { userId: 'nobody' }],
      ['roots', { rootsOnly: true }],
      ['not only roots', { rootsOnly: false }],
      ['a parent', { parentId: 's0' }],
      ['a parent that is not there', { parentId: 'missing' }],
      ['a root', { rootId: 's0' }],
      ['a root that is not one', { rootId: 's31' }],
      ['created at or after', { createdAfter: TIMES[1]! }],
      ['created before', { createdBefore: TIMES[1]! }],
      ['created in a day', { createdAfter: TIMES[1]!, createdBefore: TIMES[2]! }],
      ['created just after', { createdAfter: new Date(TIMES[2]!.getTime() + 1) }],
      ['active at or after', { activeAfter: TIMES[2]! }],
      ['active before', { activeBefore: TIMES[2]! }],
      ['metadata', { metadata: { team: 'red' } }],
      ['all metadata', { metadata: {} }],
      ['metadata in arrays and nested', { metadata: { tags: ['b'], nested: { deep: { x: 1 } } } }],
      ['metadata that is null', { metadata: { nested: { deep: { y: null } } } }],
      ['metadata that is absent', { metadata: { absent: null } }],
      ['metadata under __proto__', { metadata: JSON.parse('{"__proto__":{"team":"red"}}') }],
      ['words of the title', { title: 'THE fix' }],
      ['the start of a word of the title', { title: 'pars*' }],
      ['a part of a word of the title', { title: 'arser' }],
      ['no words of the title', { title: ' ' }],
      ['a project', { project: '/red' }],
      ['a part of a project', { project: 'red' }],
      ['a project of a user', { project: '/red', userId: 'ann' }],
      ['a project of a tree', { project: '/blue', rootId: 's0' }],
      ['an agent', { agentName: 'planner' }],
      ['a status', { statuses: ['FAILED'] }],
      ['what runs or waits', { statuses: ['WAITING', 'RUNNING', 'WAITING'] }],
      ['what runs or failed', { statuses: ['RUNNING', 'FAILED'] }],
      ['no status', { statuses: [] }],
      ['what is damaged', { damaged: true }],
      ['what is not damaged', { damaged: false }],
      ['what runs, of an agent, with a title', { statuses: ['RUNNING'], agentName: 'coder', title: 'the' }],
      ['a title and metadata', { title: 'the', metadata: { team: 'red' } }],
      [
        'all null',
        {
          userId: null,
          rootsOnly: null,
          parentId: null,
          rootId: null,
          metadata: null,
          title: null,
          statuses: null,
        },
      ],
      ['a root, a user and metadata', { rootId: 's0', userId: 'ann', metadata: { team: 'red' } }],
      ['a parent and time', { parentId: 's31', activeAfter: TIMES[1]! }],
      ['roots that have a parent', { rootsOnly: true, parentId: 's0' }],
    ];
    it('is narrowed to what passes the filter, and counted the same', async () => {
      const sessions = await populate();
      for (const [name, filter] of filters) {
        const expected = idsOf(naiveList(sessions, filter, OLDEST, ALL).items);
        expect({ name, ids: idsOf((await list(filter)).items) }).toEqual({ name, ids: expected });
        expect({ name, count: await store.repository.count(filter) }).toEqual({
          name,
          count: expected.length,
        });
      }
    });

    it('is narrowed by any metadata as jsonContains says, also after an update', async () => {
      const scalar = fc.constantFrom<JsonValue>(null, true, 0, 1, 1.5, '', '1', 'a', 'null');
      const { object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
        value: fc.oneof(
          { maxDepth: 3 },
          scalar,
          scalar,
          tie('object'),
          fc.array(tie('value'), { maxLength: 3 }),
        ),
        object: fc.dictionary(fc.constantFrom('a', 'b', '1', '__proto__'), tie('value'), { maxKeys: 3 }),
      }));
      const held = fc.sample(object, 60);
      for (const [index, metadata] of held.entries()) {
        const { id } = await store.create({ metadata: index % 2 ? metadata : (held[index + 1] ?? {}) });
        if (index % 3 === 0) await store.repository.update({ sessionId: id, metadata });
      }
      const { items } = await list({});
      await fc.assert(
        fc.asyncProperty(fc.oneof(object, fc.constantFrom(...held)), async (metadata) => {
          const expected = items.filter((session) => jsonContains(session.metadata, metadata));
          expect(idsOf((await list({ metadata })).items)).toEqual(idsOf(expected));
          expect(await store.repository.count({ metadata })).toBe(expected.length);
        }),
        { numRuns: 100 },
      );
    });

    it('is narrowed by metadata of thousands of values', async () => {
      const keys = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`key${index}`, index]));
      await store.create({ id: 'keys', metadata: keys });
      await store.create({
        id: 'list',
        metadata: { list: Array.from({ length: 3_000 }, (_, index) => index) },
      });
      expect(idsOf((await list({ metadata: { key2999: 2_999, key7: 7 } })).items)).toEqual(['keys']);
      expect(idsOf((await list({ metadata: { list: [2_999, 7] } })).items)).toEqual(['list']);
      expect(await store.repository.count({ metadata: { list: [3_000] } })).toBe(0);
      await store.repository.update({ sessionId: 'list', metadata: { list: [1] } });
      expect(await store.repository.count({ metadata: { list: [2_999] } })).toBe(0);
      expect(await store.repository.count({ metadata: { list: [1] } })).toBe(1);
    });

    it('is filtered before it is cut into pages', async () => {
      for (let index = 0; index < 30; index += 1)
        await store.create({ id: `s${index}`, userId: index === 0 || index === 29 ? 'rare' : 'common' });
      const first = await list({ userId: 'rare' }, OLDEST, { limit: 1, from: 'start' });
      expect({ ids: idsOf(first.items), hasMore: first.hasMore }).toEqual({ ids: ['s0'], hasMore: true });
      const after = listKey(first.items[0]!, OLDEST);
      const second = await list({ userId: 'rare' }, OLDEST, { limit: 1, from: 'start', after });
      expect({ ids: idsOf(second.items), hasMore: second.hasMore }).toEqual({ ids: ['s29'], hasMore: false });
    });

    it('is what it should be for any filter, order, limit, direction and keys, those of deleted sessions too', async () => {
      const sessions = await populate();
      const leaves = sessions.filter((session) => session.childCount === 0).slice(0, 4);
      for (const { id } of leaves) await store.repository.delete({ sessionId: id, mode: 'RESTRICT' });
      const left = await store.repository.findMany(sessions.map(({ id }) => id));
      const present = left.filter((session) => session !== null);

      const maybe = <T>(...values: T[]) => fc.constantFrom<T | undefined>(undefined, undefined, ...values);
      const key = fc.option(
        fc.oneof(
          fc.constantFrom(...sessions.filter(({ parentId }) => parentId === null)),
          fc.constantFrom(...sessions),
          fc.record({ time: fc.constantFrom(0, ...TIMES.map(Number), 9e12), sequence: fc.nat(200) }),
        ),
        { nil: undefined },
      );
      const request = fc.record({
        filter: fc.record({
          userId: maybe('ann', 'bob'),
          rootsOnly: maybe(true, false),
          parentId: maybe('s0', 's31'),
          rootId: maybe('s0', 's28'),
          createdAfter: maybe(...TIMES),
          createdBefore: maybe(...TIMES),
          activeAfter: maybe(...TIMES),
          activeBefore: maybe(...TIMES),
          metadata: maybe(...METADATA),
          title: maybe('the', 'fix pars*'),
          project: maybe('/red'),
          agentName: maybe('planner', 'coder'),
          statuses: maybe<SessionStatus[]>(['RUNNING'], ['IDLE', 'WAITING'], ['RUNNING', 'WAITING']),
          damaged: maybe(true, false),
        }),
        order: fc.constantFrom(...ORDERS, ...TREE_ORDERS),
        limit: fc.nat(12),
        from: fc.constantFrom('start' as const, 'end' as const),
        after: key,
        before: key,
      });
      const keyOf = (given: Session | ListKey | undefined, order: SessionOrder) =>
        given && 'id' in given
          ? listKey(
              given.parentId !== null && TREE_ORDERS.includes(order)
                ? { ...given, treeLastActiveAt: given.createdAt }
                : given,
              order,
            )
          : given;
      await fc.assert(
        fc.asyncProperty(request, async ({ filter: parts, order, limit, from, after, before }) => {
          const given = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
          const filter = TREE_ORDERS.includes(order) ? { ...given, rootsOnly: true } : given;
          const page = { limit, from, after: keyOf(after, order), before: keyOf(before, order) };
          const expected = naiveList(present, filter, order, page);
          const got = await list(filter, order, page);
          expect({ ids: idsOf(got.items), hasMore: got.hasMore }).toEqual({
            ids: idsOf(expected.items),
            hasMore: expected.hasMore,
          });
          expect(await store.repository.count(filter)).toBe(
            naiveList(present, filter, order, ALL).items.length,
          );
        }),
        { numRuns: 400 },
      );
    });

    it.each(ORDERS)(
      'leads to the last one by $field $direction, each once, also while others arrive',
      async (order) => {
        const sessions = await populate();
        const expected = idsOf(naiveList(sessions, { userId: 'ann' }, order, ALL).items);
        for (const from of ['start', 'end'] as const) {
          const visited: Session[] = [];
          for (let page = await list({ userId: 'ann' }, order, { limit: 3, from }); ; ) {
            if (from === 'start') visited.push(...page.items);
            else visited.unshift(...page.items);
            if (!page.hasMore) break;
            if (visited.length < 9)
              await store.create({ userId: 'ann', title: 'added', createdAt: TIMES[1]! });
            const key = listKey(from === 'start' ? visited.at(-1)! : visited[0]!, order);
            page = await list({ userId: 'ann' }, order, {
              limit: 3,
              from,
              [from === 'start' ? 'after' : 'before']: key,
            });
          }
          expect(new Set(idsOf(visited)).size).toBe(visited.length);
          expect(idsOf(visited.filter((session) => session.title !== 'added'))).toEqual(expected);
        }
      },
    );

    it('by activity moves a session when messages are added to it, and not when it is updated', async () => {
      const old = new Date('2020-01-01');
      for (const id of ['a', 'b', 'c']) await store.create({ id, createdAt: old });
      const order: SessionOrder = { field: 'LAST_ACTIVE_AT', direction: 'DESC' };
      expect(idsOf((await list({}, order)).items)).toEqual(['c', 'b', 'a']);
      await store.repository.append({ sessionId: 'b', messages: [say('hi')] });
      await store.repository.update({ sessionId: 'a', title: 'new' });
      expect(idsOf((await list({}, order)).items)).toEqual(['b', 'c', 'a']);
      expect(idsOf((await list({ activeAfter: new Date('2021-01-01') }, order)).items)).toEqual(['b']);
    });

    it('finds words of a title as a search finds those of a message', async () => {
      const titles = ['Ärger mit parseQuery', '修复解析器', 'ａｌｌ ＷＩＤＥ', 'foo-bar baz'];
      for (const title of titles) await store.create({ id: `t${titles.indexOf(title)}`, title });
      const found = async (title: string) => idsOf((await list({ title })).items);
      expect(await found('arger')).toEqual(['t0']);
      expect(await found('query')).toEqual(['t0']);
      expect(await found('解析')).toEqual(['t1']);
      expect(await found('wide')).toEqual(['t2']);
      expect(await found('"bar baz"')).toEqual(['t3']);
      expect(await found('bar-foo')).toEqual([]);
      expect(await found('')).toEqual([]);
    });

    it('follows an update of what a session says of itself', async () => {
      await store.create({ id: 'a', title: 'old', project: 'p', agentName: 'x', status: 'RUNNING' });
      const title = 'new';
      await store.repository.update({
        sessionId: 'a',
        title,
        project: 'q',
        agentName: 'y',
        status: 'COMPLETED',
      });
      for (const before of [{ title: 'old' }, { project: 'p' }, { agentName: 'x' }])
        expect(await store.repository.count(before)).toBe(0);
      expect(await store.repository.count({ statuses: ['RUNNING'] })).toBe(0);
      const after = { title, project: 'q', agentName: 'y', statuses: ['COMPLETED'] } as const;
      expect(await store.repository.count(after)).toBe(1);
      await store.repository.archive({ sessionId: 'a', archived: true, subtree: false });
      expect(await store.repository.count(after)).toBe(0);
      expect(await store.repository.count({ ...after, archived: 'ONLY' })).toBe(1);
    });

    it('follows an update of metadata', async () => {
      await store.create({ id: 'a', metadata: { state: 'open', keep: 1 } });
      await store.repository.update({ sessionId: 'a', metadata: { state: 'done' } });
      expect(await store.repository.count({ metadata: { state: 'open' } })).toBe(0);
      expect(await store.repository.count({ metadata: { state: 'done', keep: 1 } })).toBe(1);
    });
  });
}
