import { expect, test } from 'vitest';
import type { NewMessage } from '../../src/model/message.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const MEGABYTE = 1024 * 1024;
const screenshot: NewMessage = {
  role: 'TOOL',
  content: 'seen',
  name: 'browser',
  payload: { image: 'x'.repeat(MEGABYTE - 100) },
  metadata: { note: 'y'.repeat(1_000) },
};
const PAYLOAD_BYTES = JSON.stringify(screenshot.payload).length;
const METADATA_BYTES = JSON.stringify(screenshot.metadata).length;

/** Sessions "s0", "s1", ... below "root", each with this many screenshots. */
async function openScreenshots(sessions: number, messages: number): Promise<SessionRepository> {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  for (let n = 0; n < sessions; n += 1) {
    await store.create({ id: `s${n}`, parentId: 'root' });
    for (let left = messages; left > 0; left -= 5)
      await store.append({ sessionId: `s${n}`, messages: Array(Math.min(left, 5)).fill(screenshot) });
  }
  return store;
}

const IDS_AND_ROLES = graphql(`
  query IdsAndRoles {
    session(id: "s0") { history(first: 70) { totalCount pageInfo { endCursor } nodes { id role position } } }
  }
`);

test('ids and roles of messages with payloads of 1 MB are neither read nor charged', async () => {
  const store = await openScreenshots(1, 70);
  const { session } = await createApi(store, { textBytes: 1, readBytes: 1 }).query(IDS_AND_ROLES);
  expect(session!.history).toMatchObject({
    totalCount: 70,
    nodes: Array.from({ length: 70 }, (_, position) => ({ id: `s0:${position}`, role: 'TOOL', position })),
  });
});

const BEGINNINGS = graphql(`
  query Beginnings { session(id: "a") { history(last: 80) { nodes { content(maxLength: 200) } } } }
`);

test('of 80 messages of 1 MiB, the first 200 characters are charged as 200 bytes each', async () => {
  const store = await openTestRepository();
  const message: NewMessage = { role: 'TOOL', content: 'x'.repeat(MEGABYTE) };
  await store.create({ id: 'a' });
  for (let n = 0; n < 80; n += 20) await store.append({ sessionId: 'a', messages: Array(20).fill(message) });
  const beginnings = async (textBytes: number) =>
    (await createApi(store, { textBytes }).query(BEGINNINGS)).session!.history.nodes;
  expect(await beginnings(80 * 200)).toEqual(Array(80).fill({ content: 'x'.repeat(200) }));
  expect(await beginnings(80 * 200 - 1)).toHaveLength(79);
});

const NOTHING_OF_THE_FILE = [
  '{ session(id: "s0") { history { edges { cursor node { id session { id } } } } } }',
  '{ session(id: "s0") { history { pageInfo { hasNextPage } totalCount } } }',
  '{ session(id: "s0") { history { nodes { ...F } } } } fragment F on Message { ...G __typename } fragment G on Node { id }',
  '{ session(id: "s0") { history { nodes { ... on Node { id ... on Session { metadata } } role } } } }',
  '{ session(id: "s0") { history { nodes { id content @include(if: false) payload @skip(if: true) } } } }',
  '{ session(id: "s0") { history { nodes { id ... @include(if: false) { content } } } } }',
  'query ($no: Boolean = false) { session(id: "s0") { history { nodes { id ...F @include(if: $no) } } } } fragment F on Message { payload }',
  '{ node(id: "s0:1") { id ... on Message { role position } ... on Session { metadata } } }',
  '{ nodes(ids: ["s0:1", "s0:0", "s0"]) { id __typename } }',
  'mutation { appendMessages(input: { sessionId: "s0", messages: [{ role: USER, content: "hi" }] }) { ... on AppendMessagesPayload { messages { id } } } }',
  'mutation { sendMessage(input: { sessionId: "s0", message: "hi", response: "ho" }) { ... on SendMessagePayload { messages { role } } } }',
  'mutation { truncateHistory(input: { sessionId: "s0", keep: 0, dryRun: true }) { ... on TruncateHistoryPayload { removed { id } } } }',
  'mutation { truncateHistory(input: { sessionId: "s0", keep: 0 }) { ... on TruncateHistoryPayload { removed { id } } } }',
  'mutation { truncateHistory(input: { sessionId: "s0", keep: 1 }) { ... on TruncateHistoryPayload { session { historyLength } } } }',
];

test.each(NOTHING_OF_THE_FILE)('nothing is read or charged for %s', async (query) => {
  const store = await openScreenshots(1, 2);
  const { data, errors } = await createApi(store, { textBytes: 1, readBytes: 1 }).send(query);
  expect(errors).toBeUndefined();
  expect(JSON.stringify(data)).toMatch(/s0:\d|totalCount|historyLength|"role"/);
});

const TEXTS_CHARGED: [query: string, bytes: number][] = [
  ['{ session(id: "s0") { history { nodes { role content } } } }', 8],
  ['{ session(id: "s0") { history { nodes { id createdAt usage { inputTokens } name } } } }', 0],
  ['{ session(id: "s0") { history { nodes { metadata } } } }', 2 * METADATA_BYTES],
  ['{ session(id: "s0") { history { nodes { payload } } } }', 2 * PAYLOAD_BYTES],
  ['{ session(id: "s0") { history { nodes { content again: content content } } } }', 16],
  ['{ session(id: "s0") { history { nodes { content } edges { node { content } } } } }', 16],
  ['{ session(id: "s0") { history { nodes { content } nodes { id content } } } }', 8],
  ['{ session(id: "s0") { history { a: nodes { content } b: nodes { content b: content } } } }', 24],
  ['{ session(id: "s0") { a: history { nodes { id } } b: history(first: 1) { nodes { content } } } }', 4],
  [
    '{ session(id: "s0") { a: history { nodes { content } } b: history { nodes { x: content y: content } } } }',
    24,
  ],
  ['{ session(id: "s0") { history { nodes { id session { history { nodes { content } } } } } } }', 16],
  [
    '{ session(id: "s0") { history { nodes { ...F } } } } fragment F on Message { content ...G } fragment G on Message { content x: content }',
    16,
  ],
  [
    'query ($yes: Boolean = true) { session(id: "s0") { history { nodes { content @include(if: $yes) x: content @skip(if: $yes) } } } }',
    8,
  ],
  ['{ node(id: "s0:0") { ... on Message { content } } again: node(id: "s0:0") { id } }', 4],
  [
    '{ nodes(ids: ["s0:0", "s0:1", "s0:1"]) { id ... on Message { content payload } } }',
    12 + 3 * PAYLOAD_BYTES,
  ],
  [
    'mutation { truncateHistory(input: { sessionId: "s0", keep: 0, dryRun: true }) { ... on TruncateHistoryPayload { removed { content } session { history { nodes { content } } } } } }',
    16,
  ],
  [
    'mutation { appendMessages(input: { sessionId: "s0", messages: [{ role: USER, content: "hello", payload: "ä" }] }) { ... on AppendMessagesPayload { messages { content x: content payload } } } }',
    14,
  ],
  [
    'mutation { sendMessage(input: { sessionId: "s0", message: "hi", response: "hello" }) { ... on SendMessagePayload { messages { content } } } }',
    7,
  ],
];

test.each(TEXTS_CHARGED)('the text that is shown is charged, and nothing else: %s', async (query, bytes) => {
  const shared = await openScreenshots(1, 2);
  const answer = async (textBytes: number) => {
    const store = query.startsWith('mutation') ? await openScreenshots(1, 2) : shared;
    return createApi(store, { textBytes }).send(query);
  };
  const whole = await answer(Math.max(bytes, 1));
  expect(whole.errors).toBeUndefined();
  expect(await answer(64 * MEGABYTE)).toEqual(whole);
  if (bytes === 0) return;
  const short = await answer(bytes - 1);
  if (short.errors) {
    expect(short).toMatchObject({ data: null, errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }] });
  } else {
    // A page of a history ends early instead.
    expect(JSON.stringify(short).length).toBeLessThan(JSON.stringify(whole).length);
  }
});

test('what a document selects is decided anew for the variables of each request', async () => {
  const query = `query ($shown: Boolean!) {
    session(id: "s0") { history { nodes { id ... @include(if: $shown) { content } ...F @skip(if: $shown) } } }
  } fragment F on Message { role }`;
  const api = createApi(await openScreenshots(1, 1), { textBytes: 4 });
  for (const shown of [false, true, false, true]) {
    const node = shown ? { id: 's0:0', content: 'seen' } : { id: 's0:0', role: 'TOOL' };
    expect(await api.send(query, { shown })).toEqual({ data: { session: { history: { nodes: [node] } } } });
  }
});

const TREE_OF_SCREENSHOTS = graphql(`
  query TreeOfScreenshots {
    session(id: "root") { children { nodes { id history(last: 2) { nodes { role content } } } } }
  }
`);

test('a tree over screenshots is charged for its contents alone', async () => {
  const store = await openScreenshots(40, 2);
  const { session } = await createApi(store).query(TREE_OF_SCREENSHOTS);
  expect(session!.children.nodes).toHaveLength(40);
  expect(session!.children.nodes[39]!.history.nodes).toEqual(
    Array(2).fill({ role: 'TOOL', content: 'seen' }),
  );
  const refused = await createApi(store, { readBytes: 70 * MEGABYTE }).run(TREE_OF_SCREENSHOTS);
  expect(refused).toMatchObject({
    data: null,
    errors: [
      {
        message: expect.stringContaining(`More than ${70 * MEGABYTE} bytes`),
        extensions: { code: 'BUDGET_EXCEEDED' },
      },
    ],
  });
  expect(refused.errors![0]!.message).toContain('readBytes');
});

const CONTENTS = graphql(`
  query Contents($first: Int!) { session(id: "a") { history(first: $first) { nodes { content } } } }
`);

test('coloured tool output is charged by its characters, not by their escapes', async () => {
  const store = await openTestRepository();
  const content = '\u001b[31m\u001b[0m'.repeat(1_000);
  await store.create({ id: 'a', messages: Array(10).fill({ role: 'TOOL', content }) });
  const api = createApi(store, { textBytes: 90_000 });
  expect((await api.query(CONTENTS, { first: 10 })).session!.history.nodes[9]!.content).toBe(content);
  const short = await createApi(store, { textBytes: 89_999 }).query(CONTENTS, { first: 10 });
  expect(short.session!.history.nodes).toHaveLength(9);
});

test('a text under a hundred names is charged a hundred times, and refused before others are read', async () => {
  const store = await openTestRepository();
  const messages = Array(5).fill({ role: 'TOOL', content: 'x'.repeat(MEGABYTE) });
  await store.create({ id: 'a', messages });
  const names = Array.from({ length: 100 }, (_, n) => `c${n}: content`).join(' ');
  const api = createApi(store);
  for (const nodes of [
    'nodes { FIELDS }',
    'edges { node { FIELDS } }',
    'nodes { ... @include(if: true) { FIELDS } }',
  ]) {
    const query = `{ session(id: "a") { history(first: 5) { ${nodes.replace('FIELDS', names)} } } }`;
    expect(await api.send(query)).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }],
    });
  }
});

test('selections of one history that differ are still one batch', async () => {
  const { repository, calls } = watched(await openScreenshots(2, 2));
  const query = `{ session(id: "root") { children { nodes {
    a: history { nodes { id } } b: history { nodes { content } } c: history { totalCount } } } } }`;
  expect((await createApi(repository).send(query)).errors).toBeUndefined();
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'childrenOf', 'historyOf']);
});

test('messages that a rollback drops are shown as they were asked for, however large their other texts are', async () => {
  const store = await openScreenshots(1, 3);
  const rollBack = (length: number, removed: string) =>
    createApi(store, { textBytes: 8 }).send(
      `mutation { truncateHistory(input: { sessionId: "s0", keep: ${length} }) {
        ... on TruncateHistoryPayload { removed { ${removed} } } ... on Error { message } } }`,
    );
  expect(await rollBack(2, 'payload')).toMatchObject({
    data: { truncateHistory: { message: expect.stringContaining('input.keep') } },
  });
  expect(await store.findMany(['s0'])).toMatchObject([{ historyLength: 3 }]);
  expect(await rollBack(1, 'content')).toEqual({
    data: { truncateHistory: { removed: [{ content: 'seen' }, { content: 'seen' }] } },
  });
});
