import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type NewMessage, NO_TEXTS } from '../../src/model/message.ts';
import { sessionFileName, shardOf } from '../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository, temporaryDirectory } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const call = (...ids: string[]): NewMessage => ({
  role: 'ASSISTANT',
  content: 'let me see',
  toolCalls: ids.map((toolCallId) => ({ toolCallId, name: 'run' })),
});
const result = (toolCallId: string, content = `of ${toolCallId}`): NewMessage => ({
  role: 'TOOL',
  content,
  toolCallId,
});

/** A session `a` of `turns` messages with four calls each: three have a result, one of them and the last have a session. */
async function openTurns(turns: number): Promise<SessionRepository> {
  const store = await openTestRepository();
  await store.create({ id: 'a' });
  for (let n = 0; n < turns; n += 1) {
    const ids = [0, 1, 2, 3].map((k) => `${n}/${k}`);
    await store.append({
      sessionId: 'a',
      messages: [call(...ids), ...ids.slice(0, 3).map((id) => result(id))],
    });
    for (const k of [2, 3])
      await store.create({ id: `a-${n}-${k}`, parentId: 'a', spawnedBy: { toolCallId: `${n}/${k}` } });
  }
  return store;
}

const LED_TO = graphql(`
  query LedTo($first: Int!) {
    session(id: "a") {
      history(first: $first, roles: [ASSISTANT]) {
        nodes {
          id
          toolCalls {
            toolCallId
            result { id content session { id } }
            session { id parent { id } }
          }
        }
      }
    }
  }
`);

test('the results and sessions of all calls of a page are one batch each', async () => {
  const { repository, calls } = watched(await openTurns(50));
  const { session } = await createApi(repository).query(LED_TO, { first: 50 });
  const refs = Array.from({ length: 200 }, (_, n) => {
    const turn = Math.floor(n / 4);
    return { sessionId: 'a', ordinal: 4 * turn, toolCallId: `${turn}/${n % 4}` };
  });
  const shown = { ...NO_TEXTS, content: 1 };
  expect(calls.map(([method]) => method)).toEqual([
    'findMany',
    'historyOf',
    'findToolResults',
    'findSpawned',
  ]);
  const toolCalls = Buffer.byteLength(
    refs.map(({ toolCallId }) => `{"toolCallId":"${toolCallId}","name":"run","arguments":null},`).join(''),
  );
  // What is left of the text: each message has shown its calls in brackets, with one comma less than calls.
  expect(calls[2]!.slice(1)).toEqual([refs.map((ref) => ({ ...ref, shown })), 67_108_864 - (toolCalls + 50)]);
  expect(calls[3]).toEqual(['findSpawned', refs]);
  const message = (turn: number, k: number) => ({
    id: `a:${4 * turn + k + 1}`,
    content: `of ${turn}/${k}`,
    session: { id: 'a' },
  });
  expect(session!.history.nodes[49]).toEqual({
    id: 'a:196',
    toolCalls: [
      { toolCallId: '49/0', result: message(49, 0), session: null },
      { toolCallId: '49/1', result: message(49, 1), session: null },
      { toolCallId: '49/2', result: message(49, 2), session: { id: 'a-49-2', parent: { id: 'a' } } },
      { toolCallId: '49/3', result: null, session: { id: 'a-49-3', parent: { id: 'a' } } },
    ],
  });
});

test('what a call leads to leads on, a batch a level', async () => {
  const store = await openTurns(2);
  for (const id of ['a-0-2', 'a-1-2'])
    await store.append({ sessionId: id, messages: [call('c'), result('c')] });
  const { repository, calls } = watched(store);
  const { data, errors } = await createApi(
    repository,
  ).send(`{ session(id: "a") { history(roles: [ASSISTANT]) { nodes {
    toolCalls { session { history { nodes { toolCalls { result { id } } } } } } } } } }`);
  expect(errors).toBeUndefined();
  expect(calls.map(([method]) => method)).toEqual([
    'findMany',
    'historyOf',
    'findSpawned',
    'historyOf',
    'findToolResults',
  ]);
  expect(JSON.stringify(data)).toContain('"result":{"id":"a-1-2:1"}');
});

const HEADS =
  '{ session(id: "a") { history(first: 1) { nodes { toolCalls { result { id role position } } } } } }';

test('a result without its texts comes from the index', async () => {
  const { repository, calls } = watched(await openTurns(1));
  const { data } = await createApi(repository).send(HEADS);
  expect(data).toMatchObject({
    session: {
      history: { nodes: [{ toolCalls: [{ result: { id: 'a:1', role: 'TOOL', position: 1 } }, {}, {}, {}] }] },
    },
  });
  expect(calls.at(-1)).toEqual([
    'findToolResults',
    [0, 1, 2, 3].map((k) => ({ sessionId: 'a', ordinal: 0, toolCallId: `0/${k}`, shown: null })),
    expect.any(Number),
  ]);
});

test.each([
  ['result { id }', 2],
  ['session { id }', 2],
  ['result { id } again: result { content }', 4],
  ['result { id session { id } } session { id }', 6],
])('what calls lead to is charged for each time it appears: %s', async (fields, appearing) => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [call('c', 'd'), result('c'), result('d')] });
  for (const toolCallId of ['c', 'd']) await store.create({ parentId: 'a', spawnedBy: { toolCallId } });
  const query = `{ session(id: "a") { history(first: 1) { nodes { toolCalls { ${fields} } } } } }`;
  // Beside the session and the message that make the calls.
  expect((await createApi(store, { objects: 2 + appearing }).send(query)).errors).toBeUndefined();
  const refused = await createApi(store, { objects: 1 + appearing }).send(query);
  expect(refused).toMatchObject({ data: null, errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }] });
});

test('calls that lead nowhere are not charged for once that is known', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [call(...Array.from({ length: 9 }, (_, n) => `${n}`))] });
  await store.create({
    parentId: 'a',
    spawnedBy: { toolCallId: '0' },
    messages: Array.from({ length: 8 }, (_, n) => result(`${n}`)),
  });
  const query =
    '{ session(id: "a") { history { nodes { toolCalls { session { history { nodes { id } } } } } } } }';
  // Two objects that make nine calls; later nothing in the place of the calls, but a session with eight messages.
  expect((await createApi(store, { objects: 11 }).send(query)).errors).toBeUndefined();
  const { errors } = await createApi(store, { objects: 10 }).send(query);
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
});

test('more calls than an answer may have objects are refused before anything is read for them', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [call(...Array.from({ length: 200 }, (_, n) => `${n}`))] });
  const { repository, calls } = watched(store);
  const query = '{ session(id: "a") { history { nodes { toolCalls { result { id } session { id } } } } } }';
  const { errors } = await createApi(repository, { objects: 300 }).send(query);
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'historyOf']);
});

test('the texts of results count', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [call('c'), result('c', 'x'.repeat(1_000))] });
  const toolCalls = '[{"toolCallId":"c","name":"run","arguments":null}]'.length;
  const query = '{ session(id: "a") { history(first: 1) { nodes { toolCalls { result { content } } } } } }';
  expect((await createApi(store, { textBytes: toolCalls + 1_000 }).send(query)).errors).toBeUndefined();
  const { errors } = await createApi(store, { textBytes: toolCalls + 999 }).send(query);
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
});

test('calls that a rollback drops have no result and keep their session', async () => {
  const store = await openTurns(1);
  const { data } = await createApi(store).send(
    `mutation { truncateHistory(input: { sessionId: "a", keep: 0 }) {
      ... on TruncateHistoryPayload { removed { toolCalls { result { id } session { id } } } } } }`,
  );
  expect(data).toMatchObject({
    truncateHistory: {
      removed: [
        {
          toolCalls: [
            { result: null, session: null },
            { result: null, session: null },
            { result: null, session: { id: 'a-0-2' } },
            { result: null, session: { id: 'a-0-3' } },
          ],
        },
        { toolCalls: [] },
        { toolCalls: [] },
        { toolCalls: [] },
      ],
    },
  });
});

const DAMAGED = graphql(`
  query DamagedResult {
    session(id: "a") { history(first: 1) { nodes { toolCalls { result { id content } } } } }
    after: session(id: "a") { damage { line } }
  }
`);

test('a result whose line goes bad while it is served is none, and is reported', async () => {
  const directory = await temporaryDirectory();
  const store = await openFileRepository({ directory });
  onTestFinished(() => store.close());
  await store.create({ id: 'a' });
  for (const message of [call('c', 'd'), result('c', 'spoilt'), result('d', 'sound')])
    await store.append({ sessionId: 'a', messages: [message] });
  const api = createApi(store);
  const path = join(directory, 'sessions', shardOf('a'), sessionFileName('a'));
  await writeFile(path, (await readFile(path, 'utf8')).replace('spoilt', 'spOilt'));

  const [node] = (await api.query(DAMAGED)).session!.history.nodes;
  expect(node!.toolCalls).toEqual([{ result: null }, { result: { id: 'a:2', content: 'sound' } }]);
  expect((await api.query(DAMAGED)).after!.damage).toEqual([{ line: 3 }]);
});
