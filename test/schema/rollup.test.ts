import { expect, test } from 'vitest';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

test('the rollups of a whole tree are one read, however many nodes it has', async () => {
  const store = await openTestRepository();
  const levels = await growTree(store, { breadth: 4, depth: 3 });
  const { repository, calls } = watched(store);
  const { data } = await createApi(repository).send(
    '{ session(id: "root") { descendants(first: 100) { nodes { id rollup { sessionCount maxDepth } } } } }',
  );
  const ids = levels.slice(1).flat();
  const rollups = calls.filter(([method]) => method === 'rollupsOf');
  expect(rollups.map(([, asked]) => (asked as string[]).toSorted())).toEqual([ids.toSorted()]);
  const { nodes } = (data as { session: { descendants: { nodes: object[] } } }).session.descendants;
  expect(nodes).toHaveLength(ids.length);
  expect(nodes[0]).toEqual({ id: 'root-0', rollup: { sessionCount: 21, maxDepth: 3 } });
});

test('a rollup says what a session and all beneath it took', async () => {
  const store = await openTestRepository();
  await growTree(store, { breadth: 1, depth: 2 });
  for (const sessionId of ['root', 'root-0-0'])
    await store.append({
      sessionId,
      messages: [
        { role: 'USER', content: 'q' },
        { role: 'ASSISTANT', content: 'a', usage: { inputTokens: 2 ** 52, outputTokens: 3, costUsd: 0.1 } },
      ],
    });
  const { data } = await createApi(store).send(`{
    session(id: "root") {
      lastActiveAt
      rollup { byStatus { status count } messageCount historyLength usage { inputTokens outputTokens costUsd } }
      children { nodes { rollup { historyLength usage { costUsd } } } }
    }
  }`);
  expect(data).toMatchObject({
    session: {
      rollup: {
        byStatus: [{ status: 'IDLE', count: 3 }],
        messageCount: 2,
        historyLength: 4,
        usage: { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 6, costUsd: 0.2 },
      },
      children: { nodes: [{ rollup: { historyLength: 2, usage: { costUsd: 0.1 } } }] },
    },
  });
});

test('a rollup that no number can hold any more stays at the largest number', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const usage = { inputTokens: 1, outputTokens: 1, costUsd: Number.MAX_VALUE };
  for (let n = 0; n < 2; n += 1)
    await store.append({ sessionId: 'root', messages: [{ role: 'ASSISTANT', content: 'a', usage }] });
  const { data } = await createApi(store).send('{ session(id: "root") { rollup { usage { costUsd } } } }');
  expect(data).toEqual({ session: { rollup: { usage: { costUsd: Number.MAX_VALUE } } } });
});
