import { expect, test } from 'vitest';
import type { NewMessage } from '../../src/model/message.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

const response = (model: string | null, costUsd: number, createdAt = '2026-03-01T10:00:00Z'): NewMessage => ({
  role: 'ASSISTANT',
  content: 'a',
  model,
  createdAt: new Date(createdAt),
  usage: { inputTokens: 10, outputTokens: 5, cacheReadTokens: 4, reasoningTokens: 2, costUsd },
});

const REPORT = graphql(`
  query Report(
    $by: [UsageDimension!]!, $within: ID, $subtree: Boolean, $filter: SessionFilter, $from: DateTime, $to: DateTime, $first: Int
  ) {
    usageReport(by: $by, within: $within, subtree: $subtree, filter: $filter, from: $from, to: $to, first: $first) {
      day model userId project agentName status root { id } sessionCount responseCount
      usage { inputTokens outputTokens cacheReadTokens cacheWriteTokens reasoningTokens costUsd }
    }
  }
`);

async function openStore() {
  const store = await openTestRepository();
  await store.create({
    id: 'a',
    userId: 'ann',
    project: 'p',
    agentName: 'planner',
    messages: [response('opus', 0.1), response('haiku', 0.2, '2026-03-02T00:00:00Z')],
  });
  await store.create({ id: 'b', parentId: 'a', status: 'FAILED', messages: [response('opus', 0.2)] });
  await store.create({ id: 'c', messages: [response(null, 1)] });
  return store;
}

const NONE = {
  day: null,
  model: null,
  userId: null,
  project: null,
  agentName: null,
  status: null,
  root: null,
};

test('a report has a group for each day and model', async () => {
  const { usageReport } = await createApi(await openStore()).query(REPORT, { by: ['DAY', 'MODEL'] });
  const one = { ...NONE, sessionCount: 1, responseCount: 1 };
  const tokens = {
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 4,
    cacheWriteTokens: 0,
    reasoningTokens: 2,
  };
  expect(usageReport).toEqual([
    {
      ...NONE,
      day: '2026-03-01',
      model: 'opus',
      sessionCount: 2,
      responseCount: 2,
      usage: {
        inputTokens: 20,
        outputTokens: 10,
        cacheReadTokens: 8,
        cacheWriteTokens: 0,
        reasoningTokens: 4,
        costUsd: 0.3,
      },
    },
    { ...one, day: '2026-03-01', usage: { ...tokens, costUsd: 1 } },
    { ...one, day: '2026-03-02', model: 'haiku', usage: { ...tokens, costUsd: 0.2 } },
  ]);
});

test('a report shows users, projects, agents, statuses and roots', async () => {
  const { usageReport } = await createApi(await openStore()).query(REPORT, {
    by: ['USER', 'PROJECT', 'AGENT', 'STATUS', 'ROOT'],
  });
  expect(usageReport).toMatchObject([
    {
      userId: 'ann',
      project: 'p',
      agentName: 'planner',
      status: 'IDLE',
      root: { id: 'a' },
      responseCount: 2,
    },
    { userId: 'ann', project: 'p', agentName: null, status: 'FAILED', root: { id: 'a' }, responseCount: 1 },
    { ...NONE, status: 'IDLE', root: { id: 'c' }, responseCount: 1 },
  ]);
});

test('a report takes a session, a filter, times and a number of groups', async () => {
  const api = createApi(await openStore());
  const costs = async (arguments_: object) => {
    const { usageReport } = await api.query(REPORT, { by: ['MODEL'], ...arguments_ });
    return usageReport.map(({ model, usage }) => [model, usage.costUsd]);
  };
  expect(await costs({ within: 'b' })).toEqual([['opus', 0.2]]);
  expect(await costs({ within: 'a' })).toEqual([
    ['haiku', 0.2],
    ['opus', 0.3],
  ]);
  expect(await costs({ within: 'a', subtree: false })).toEqual([
    ['haiku', 0.2],
    ['opus', 0.1],
  ]);
  expect(await costs({ filter: { statuses: ['FAILED'] } })).toEqual([['opus', 0.2]]);
  expect(await costs({ from: '2026-03-02T00:00:00Z' })).toEqual([['haiku', 0.2]]);
  expect(await costs({ to: '2026-03-01T12:00:00+02:00' })).toEqual([]);
  expect(await costs({ to: '2026-03-01T12:00:01+02:00', first: 1 })).toEqual([[null, 1]]);
});

test('a report refuses dimensions that are missing or named twice, and a number of groups out of bounds', async () => {
  const api = createApi(await openTestRepository());
  const fault = async (arguments_: string) => {
    const { errors } = await api.send(`{ usageReport(${arguments_}) { responseCount } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    return errors![0]!.message;
  };
  expect(await fault('by: []')).toBe(
    'by: expected at least one dimension, got none. Name what the report is divided by.',
  );
  expect(await fault('by: [DAY, MODEL, DAY]')).toBe(
    'by: expected each dimension once, got DAY twice. Name it once.',
  );
  expect(await fault('by: [DAY], first: -1')).toBe('first: expected 0 or more, got -1.');
  expect(await fault('by: [DAY], first: 10001')).toBe(
    'first: expected at most 10000, got 10001. Ask for fewer groups, or leave it out to get all.',
  );
  expect(await fault('by: [DAY], subtree: false')).toMatch(/^subtree: expected a session in "within"/);
  expect(await fault(`by: [DAY], filter: { title: "${'x'.repeat(501)}" }`)).toMatch(/^filter\.title: /);
});

test('the roots of all groups are one batch', async () => {
  const { repository, calls } = watched(await openStore());
  const { usageReport } = await createApi(repository).query(REPORT, { by: ['ROOT', 'MODEL'] });
  expect(usageReport.map(({ root }) => root!.id)).toEqual(['a', 'a', 'c']);
  expect(calls.map(([method]) => method)).toEqual(['usageReport', 'findMany']);
  expect(calls[1]).toEqual(['findMany', ['a', 'c']]);
});

test('a report is charged for the groups and the rows that it adds up, and for the lines of a part of a day', async () => {
  const store = await openStore();
  const code = async (limits: object, more = '') => {
    const query = `{ usageReport(by: [MODEL, ROOT]${more}) { responseCount } }`;
    const { errors } = await createApi(store, limits).send(query);
    return errors?.[0]?.message.match(/limit (\w+)/)?.[1] ?? null;
  };
  expect(await code({ objects: 3 })).toBeNull();
  expect(await code({ objects: 2 })).toBe('objects');
  expect(await code({ walkedRows: 3 })).toBe('walkedRows');
  expect(await code({ readBytes: 1 })).toBeNull();
  expect(await code({ readBytes: 1 }, ', from: "2026-03-01T00:00:00Z"')).toBeNull();
  expect(await code({ readBytes: 1 }, ', from: "2026-03-01T00:00:01Z"')).toBe('readBytes');
});

const BY_MODEL = graphql(`
  query ByModel {
    session(id: "root") {
      descendants { nodes { id rollup { byModel { model responseCount usage { costUsd } } } } }
    }
  }
`);

test('rollups by model are one read for a level, and are read only where they are selected', async () => {
  const store = await openTestRepository();
  const levels = await growTree(store, { breadth: 2, depth: 2 });
  await store.append({ sessionId: 'root-1', messages: [response('haiku', 1), response('opus', 2)] });
  await store.append({ sessionId: 'root-1-0', messages: [response('haiku', 0.5)] });
  const { repository, calls } = watched(store);
  const api = createApi(repository);
  const { session } = await api.query(BY_MODEL);
  const beneath = ['root-0', 'root-0-0', 'root-0-1', 'root-1', 'root-1-0', 'root-1-1'];
  expect(levels.slice(1).flat().sort()).toEqual(beneath);
  expect(calls.slice(2)).toEqual([
    ['rollupsOf', beneath],
    ['modelUsagesOf', beneath],
  ]);
  const byId = Object.fromEntries(session!.descendants.nodes.map(({ id, rollup }) => [id, rollup.byModel]));
  expect(byId['root-1']).toEqual([
    { model: 'opus', responseCount: 1, usage: { costUsd: 2 } },
    { model: 'haiku', responseCount: 2, usage: { costUsd: 1.5 } },
  ]);
  expect(byId['root-0']).toEqual([]);
  calls.length = 0;
  await api.send('{ session(id: "root") { rollup { sessionCount usage { costUsd } } } }');
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'rollupsOf']);
});
