import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../attack.ts';
import { keptAlive } from '../client.ts';
import { aliased } from './answers.ts';

/* Reads and mutations that walk much of the store for little of an answer. They are charged for what they walk, and paced. */

const BOUNDED = ['200 ok', '200 BUDGET_EXCEEDED', '200 DEADLINE_EXCEEDED', '503 OVERLOADED'];

const NODES = (fields: string) => `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { ${fields} } } }`;

export const WALKS: readonly Attack[] = [
  {
    name: 'counts-of-descendants',
    what: 'the count of the descendants of 1,000 sessions under 100 aliases, each with another `maxDepth`',
    allowed: BOUNDED,
    fill: (store, pick) => store.chain('counts-of-descendants', pick(100, 3_000)),
    async run({ server, got, pick, expect }) {
      const counts = Array.from(
        { length: 100 },
        (_, n) => `a${n}: descendants(first: 0, maxDepth: ${pick(100, 3_000) - n}) { totalCount }`,
      );
      const ids = Array.from({ length: pick(80, 1_000) }, (_, n) => `counts-of-descendants-${n + 1}`);
      const answer = await server.query(NODES(counts.join(' ')), { ids });
      got(answer);
      // All the rows of the limit take seconds: the short form stays below it.
      expect(pick(true, answer.code !== 'ok'), 'nothing bounds what is counted');
    },
  },
  {
    name: 'rollups-of-a-chain',
    what: 'the rollup of each session of a long chain, under ten aliases',
    allowed: BOUNDED,
    fill: (store, pick) => store.chain('rollups-of-a-chain', pick(600, 5_000)),
    async run({ server, got, pick }) {
      const rollup = 'rollup { sessionCount messageCount maxDepth usage { inputTokens } }';
      const ids = Array.from({ length: pick(500, 1_000) }, (_, n) => `rollups-of-a-chain-${n + 1}`);
      got(await server.query(NODES(aliased(rollup, 10)), { ids }));
    },
  },
  {
    name: 'models-of-a-chain',
    what: 'the usage by model of the top, and of each session, of a long chain in which each has a model of its own',
    allowed: BOUNDED,
    fill(store, pick) {
      for (let n = 0; n < pick(300, 6_000); n += 1) {
        const usage = { inputTokens: n, outputTokens: 1, costUsd: 0.1 };
        const parentId = n === 0 ? null : `models-of-a-chain-${n - 1}`;
        store.session({ id: `models-of-a-chain-${n}`, parentId }, [
          { role: 'ASSISTANT', content: '', model: `model ${n}`, usage },
        ]);
      }
    },
    async run({ server, got, pick }) {
      const byModel = 'rollup { byModel { model responseCount } }';
      got(await server.query(NODES(byModel), { ids: ['models-of-a-chain-0'] }));
      const ids = Array.from({ length: pick(300, 1_000) }, (_, n) => `models-of-a-chain-${n}`);
      got(await server.query(NODES(byModel), { ids }));
    },
  },
  {
    name: 'ancestors-of-a-chain',
    what: 'the ancestors of the deepest sessions of a long chain, with their rollups',
    allowed: BOUNDED,
    fill: (store, pick) => store.chain('ancestors-of-a-chain', pick(600, 5_000)),
    async run({ server, got, pick }) {
      const length = pick(600, 5_000);
      const ids = Array.from(
        { length: pick(500, 1_000) },
        (_, n) => `ancestors-of-a-chain-${length - 1 - n}`,
      );
      got(await server.query(NODES('ancestors { rollup { sessionCount } }'), { ids }));
      got(await server.query(NODES(aliased('root { id }')), { ids }));
    },
  },
  {
    name: 'last-pages-of-descendants',
    what: 'the last descendants of 100 wide sessions, before a cursor, under 50 aliases',
    allowed: BOUNDED,
    fill: (store, pick) => store.children('last-pages-of-descendants', pick(2_000, 20_000)),
    async run({ server, got }) {
      const ids = Array.from({ length: 100 }, () => 'last-pages-of-descendants');
      const lasts = Array.from(
        { length: 50 },
        (_, n) => `a${n}: descendants(last: ${n + 1}) { totalCount nodes { id } }`,
      );
      got(await server.query(NODES(lasts.join(' ')), { ids }));
    },
  },
  {
    name: 'counts-of-the-store',
    what: '100 aliases of a count of the whole store, each with another filter',
    allowed: BOUNDED,
    fill: (store, pick) => store.children('counts-of-the-store', pick(1_000, 30_000)),
    async run({ server, got }) {
      const counts = Array.from(
        { length: 50 },
        (_, n) =>
          `a${n}: sessions(first: 0, filter: { activeAfter: "2001-01-01T00:00:${String(n).padStart(2, '0')}Z", archived: INCLUDE }) { totalCount } ` +
          `b${n}: sessions(first: 0, filter: { rootId: "counts-of-the-store", createdBefore: "2999-01-01T00:00:${String(n).padStart(2, '0')}Z" }) { totalCount }`,
      );
      got(await server.query(`{ ${counts.join(' ')} }`));
    },
  },
  {
    name: 'reparent-of-many',
    what: 'a deletion that moves very many children, and creations beside it',
    allowed: ['200 ok'],
    growthMb: 450,
    fill: (store, pick) => {
      store.children('reparent-of-many', 1);
      const ids = Array.from({ length: pick(3_000, 50_000) }, (_, n) => `reparent-of-many-0-${n}`);
      for (const id of ids) store.session({ id, parentId: 'reparent-of-many-0' });
    },
    async run({ server, got, expect, pick }) {
      const DELETE =
        'mutation { deleteSession(input: { sessionId: "reparent-of-many-0", mode: REPARENT }) { __typename } }';
      const deletion = server.query(DELETE);
      let isOver = false;
      void deletion.then(() => {
        isOver = true;
      });
      while (!isOver) {
        got(await server.query('mutation { createSession(input: {}) { __typename } }'));
        await sleep(20);
      }
      const answer = await deletion;
      got(answer);
      const { session } = await server.read<{ session: { childCount: number } }>(
        '{ session(id: "reparent-of-many") { childCount } }',
      );
      const children = session.childCount;
      // In a flood the attack runs again, and the parent is gone.
      if (answer.code === 'ok') expect(children === pick(3_000, 50_000), `${children} children have moved`);
    },
  },
  {
    name: 'archival-of-many',
    what: 'a tree of very many sessions, archived and unarchived, and creations beside it',
    allowed: ['200 ok'],
    growthMb: 450,
    fill: (store, pick) => store.children('archival-of-many', pick(2_000, 50_000)),
    async run({ server, got }) {
      for (const mutation of ['archiveSession', 'unarchiveSession']) {
        const [answer, created] = await Promise.all([
          server.query(`mutation { ${mutation}(input: { sessionId: "archival-of-many" }) { __typename } }`),
          server.query('mutation { createSession(input: {}) { __typename } }'),
        ]);
        got(answer);
        got(created);
      }
    },
  },
  {
    name: 'dry-runs-of-a-deletion',
    what: '30 dry runs of the deletion of a large tree, in one request',
    allowed: [...BOUNDED, '200 BAD_USER_INPUT', '400 BAD_USER_INPUT'],
    fill: (store, pick) => store.children('dry-runs-of-a-deletion', pick(2_000, 50_000)),
    async run({ server, got }) {
      const dry =
        'deleteSession(input: { sessionId: "dry-runs-of-a-deletion", mode: CASCADE, dryRun: true }) { ... on DeleteSessionPayload { deletedIds } }';
      got(await server.query(`mutation { ${aliased(dry, 30)} }`));
    },
  },
  {
    name: 'moves-in-a-ring',
    what: 'hundreds of moves at once that would together make a cycle',
    allowed: ['200 ok', '200 InvalidInputError', '503 OVERLOADED'],
    fill: (store) => {
      for (let n = 0; n < 30; n += 1) store.session({ id: `moves-in-a-ring-${n}` });
    },
    async run({ server, got, pick, expect }) {
      const agent = keptAlive(300);
      const moves = Array.from({ length: pick(90, 2_700) }, (_, n) => {
        const [id, parentId] = [n % 30, (n + 1) % 30].map((one) => `moves-in-a-ring-${one}`);
        return server.query(
          `mutation { moveSession(input: { sessionId: "${id}", parentId: "${parentId}" }) { __typename } }`,
          {},
          { agent },
        );
      });
      for (const answer of await Promise.all(moves)) got(answer);
      agent.destroy();
      const ids = Array.from({ length: 30 }, (_, n) => `moves-in-a-ring-${n}`);
      const { nodes } = await server.read<{ nodes: { root: { parentId: string | null } }[] }>(
        NODES('root { parentId }'),
        { ids },
      );
      expect(
        nodes.every(({ root }) => root.parentId === null),
        'a session has no root',
      );
    },
  },
  {
    name: 'spawns-at-once',
    what: 'hundreds of spawns at once under one parent',
    allowed: ['200 ok', '503 OVERLOADED'],
    fill: (store) => store.session({ id: 'spawns-at-once' }),
    async run({ server, got, pick, expect }) {
      const spawn = 'mutation { spawnSession(input: { parentId: "spawns-at-once" }) { __typename } }';
      const answers = await Promise.all(Array.from({ length: pick(200, 600) }, () => server.query(spawn)));
      for (const answer of answers) got(answer);
      const { session } = await server.read<{ session: { childCount: number } }>(
        '{ session(id: "spawns-at-once") { childCount } }',
      );
      const spawned = answers.filter(({ code }) => code === 'ok').length;
      expect(session.childCount >= spawned, `${spawned} acknowledged, ${session.childCount} there`);
    },
  },
];
