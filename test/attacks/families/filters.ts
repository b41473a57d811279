import type { JsonValue } from '../../../src/model/json.ts';
import type { Attack } from '../attack.ts';
import { inLanes } from './documents.ts';

/* Filters: nothing that a client sends becomes SQL text, a statement that is kept, or a walk without a bound. */

const FILTER = 'query($f: SessionFilter) { sessions(filter: $f, first: 10) { nodes { id } } }';
const ROLES =
  'query($id: ID!, $roles: [MessageRole!]) { session(id: $id) { history(first: 1, roles: $roles) { nodes { id } } } }';
const ALL_ROLES = ['SYSTEM', 'USER', 'ASSISTANT', 'TOOL'];

const BOUNDED = ['200 ok', '200 BUDGET_EXCEEDED', '200 DEADLINE_EXCEEDED', '503 OVERLOADED'];
const REFUSED = ['200 BAD_USER_INPUT', '400 BAD_USER_INPUT'];

/** The nth list of `length` roles: all are different. */
function rolesOf(n: number, length: number): string[] {
  return Array.from({ length }, (_, place) => ALL_ROLES[Math.floor(n / 4 ** (place % 12)) % 4]!);
}

export const FILTERS: readonly Attack[] = [
  {
    name: 'distinct-lists-of-roles',
    what: 'thousands of lists of 2,500 roles, all different',
    allowed: ['200 ok', ...REFUSED],
    growthMb: 180,
    fill: (store) => store.session({ id: 'distinct-lists-of-roles' }),
    async run({ server, got, pick }) {
      await inLanes(pick(900, 4_000), async (n) => {
        got(await server.query(ROLES, { id: 'distinct-lists-of-roles', roles: rolesOf(n, 2_500) }));
      });
    },
  },
  {
    name: 'long-lists-of-roles',
    what: 'lists of 250,000 roles, in a history and in a search',
    allowed: ['200 ok', ...REFUSED],
    hasLargeBodies: true,
    growthMb: 350,
    fill: (store) => store.session({ id: 'long-lists-of-roles' }),
    async run({ server, got, pick }) {
      for (let n = 0; n < pick(10, 100); n += 1) {
        const roles = rolesOf(n, 250_000);
        got(await server.query(ROLES, { id: 'long-lists-of-roles', roles }));
        got(
          await server.query(
            'query($roles: [MessageRole!]) { searchMessages(query: "nothing", roles: $roles) { nodes { id } } }',
            { roles },
          ),
        );
      }
    },
  },
  {
    name: 'distinct-filters',
    what: 'thousands of metadata filters whose keys are all different',
    allowed: ['200 ok'],
    growthMb: 350,
    async run({ server, got, pick }) {
      await inLanes(pick(200, 10_000), async (n) => {
        const keys = Array.from({ length: 20 }, (_, place) => [`${'k'.repeat(100)}${n}-${place}`, place]);
        got(await server.query(FILTER, { f: { metadata: Object.fromEntries(keys) } }));
      });
    },
  },
  {
    name: 'list-in-list',
    what: 'a filter of 1,350 empty objects against metadata with a list of 85,000 empty lists',
    allowed: [...BOUNDED, ...REFUSED],
    fill: (store, pick) =>
      store.children('list-in-list', pick(6, 40), {
        metadata: { a: [...Array.from({ length: 85_000 }, () => []), {}] },
      }),
    async run({ server, got }) {
      const f = { parentId: 'list-in-list', metadata: { a: Array.from({ length: 1_350 }, () => ({})) } };
      got(await server.query(FILTER, { f }));
    },
  },
  {
    name: 'deep-list-in-list',
    what: 'a filter and metadata of lists in lists that nearly match, ten levels deep',
    allowed: [...BOUNDED, ...REFUSED],
    fill: (store, pick) =>
      store.children('deep-list-in-list', pick(6, 40), { metadata: { a: nested(4, 7, 1) } }),
    async run({ server, got }) {
      const f = { parentId: 'deep-list-in-list', metadata: { a: nested(4, 4, 2) } };
      got(await server.query(FILTER, { f }));
    },
  },
  {
    name: 'many-terms',
    what: 'filters of 990 common terms, as a list and as keys',
    allowed: [...BOUNDED, ...REFUSED],
    fill: (store) =>
      store.children('many-terms', 30, {
        metadata: {
          a: Array.from({ length: 1_000 }, (_, n) => n),
          ...Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [n.toString(36), 1])),
        },
      }),
    async run({ server, got }) {
      const list = { a: Array.from({ length: 990 }, (_, n) => n) };
      const keys = Object.fromEntries(Array.from({ length: 450 }, (_, n) => [n.toString(36), 1]));
      for (const metadata of [list, keys, { a: [list.a, list.a] }])
        got(await server.query(FILTER, { f: { metadata } }));
      got(
        await server.query(`query($f: SessionFilter) { sessions(filter: $f) { totalCount } }`, {
          f: { metadata: list },
        }),
      );
    },
  },
  {
    name: 'filters-by-aliases',
    what: '90 aliases of a filter that finds nothing, with their counts',
    allowed: BOUNDED,
    fill: (store, pick) =>
      store.children('filters-by-aliases', pick(500, 20_000), { metadata: { kind: 'common' } }),
    async run({ server, got }) {
      const lists = Array.from(
        { length: 90 },
        (_, n) =>
          `a${n}: sessions(filter: { metadata: { kind: "common", n: ${n} }, activeAfter: "2001-01-01T00:00:00Z" }) { totalCount nodes { id } }`,
      );
      got(await server.query(`{ ${lists.join(' ')} }`));
    },
  },
];

/** Lists in lists: `levels` deep, with `width` in each, the innermost with a number. */
function nested(width: number, levels: number, value: number): JsonValue {
  return levels === 0 ? value : Array.from({ length: width }, () => nested(width, levels - 1, value));
}
