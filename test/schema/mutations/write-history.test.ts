import { expect, test } from 'vitest';
import type { WriteHistoryInput } from '../../generated/graphql.ts';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';

const WRITE = graphql(`
  mutation Write($input: WriteHistoryInput!) {
    writeHistory(input: $input) {
      __typename
      ... on WriteHistoryPayload {
        isNew
        removedCount
        removed { id content session { id } }
        messages { id key content createdAt replacedAt }
        edges { cursor node { id } }
        session { id key userId title status statusMessage metadata version historyLength }
      }
      ... on Error { message }
      ... on SessionNotFoundError { sessionId key }
      ... on SessionExistsError { sessionId key }
      ... on SessionArchivedError { sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { reason key expectedVersion actualVersion }
    }
  }
`);

const HISTORY_AFTER = graphql(`
  query WrittenAfter($cursor: String!) {
    session(id: "run") { history(after: $cursor) { nodes { id } } }
  }
`);

/** A session "run" with the messages "one", "two" and "three", whose keys are "1", "2" and "3". */
async function openStore() {
  const store = await openTestRepository();
  const messages = ['one', 'two', 'three'].map((content, n) => ({
    role: 'USER' as const,
    content,
    key: `${n + 1}`,
  }));
  await store.create({ id: 'run', key: 'k', userId: 'ann', messages });
  const { repository, calls } = watched(store);
  const api = createApi(repository);
  const write = async (input: WriteHistoryInput) => (await api.query(WRITE, { input })).writeHistory;
  return { store, api, calls, write };
}

test('a turn in one request drops, writes, and changes the session, and its payload has all of it', async () => {
  const { api, calls, write } = await openStore();
  const payload = await write({
    key: 'k',
    ownerId: 'ann',
    keepThroughKey: '1',
    messages: [{ role: 'ASSISTANT', content: 'new', key: '2' }, { role: 'USER' }],
    title: 'T',
    status: 'WAITING',
    statusMessage: 'for you',
    metadata: { a: 1 },
    setMetadata: { b: null },
    expectedVersion: 1,
  });
  const createdAt = expect.stringMatching(/Z$/);
  expect(payload).toEqual({
    __typename: 'WriteHistoryPayload',
    isNew: false,
    removedCount: 2,
    removed: [
      { id: 'run:1', content: 'two', session: { id: 'run' } },
      { id: 'run:2', content: 'three', session: { id: 'run' } },
    ],
    messages: [
      { id: 'run:3', key: '2', content: 'new', createdAt, replacedAt: null },
      { id: 'run:4', key: null, content: '', createdAt, replacedAt: null },
    ],
    edges: [
      { cursor: expect.any(String), node: { id: 'run:3' } },
      { cursor: expect.any(String), node: { id: 'run:4' } },
    ],
    session: {
      id: 'run',
      key: 'k',
      userId: 'ann',
      title: 'T',
      status: 'WAITING',
      statusMessage: 'for you',
      metadata: { a: 1, b: null },
      version: 2,
      historyLength: 3,
    },
  });
  expect(calls.map(([method]) => method)).toEqual(['writeHistory']);
  if (payload.__typename !== 'WriteHistoryPayload') throw new Error(payload.__typename);
  const { cursor } = payload.edges[0]!;
  const { session } = await api.query(HISTORY_AFTER, { cursor });
  expect(session!.history.nodes).toEqual([{ id: 'run:4' }]);
});

test('a session that is missing is created by the first of many requests', async () => {
  const { write } = await openStore();
  const turn = () =>
    write({
      key: 'new',
      ownerId: 'ann',
      create: { parentKey: 'k', title: 'T', spawnedBy: { messageId: 'run:0', toolCallId: 'c' } },
      messages: [{ role: 'USER', content: 'hi' }],
    });
  const session = { key: 'new', userId: 'ann', title: 'T' };
  expect(await turn()).toMatchObject({ isNew: true, removed: [], session: { ...session, version: 1 } });
  expect(await turn()).toMatchObject({ isNew: false, session: { ...session, version: 2, historyLength: 2 } });
});

test('a message whose key is there is left or replaced, and is answered with its edge', async () => {
  const { write } = await openStore();
  const messages = [
    { role: 'USER' as const, content: 'two', key: '2' },
    { role: 'USER' as const, content: 'other', key: '1' },
  ];
  expect(await write({ sessionId: 'run', messages, onKey: 'IGNORE' })).toMatchObject({
    messages: [
      { id: 'run:1', content: 'two', replacedAt: null },
      { id: 'run:0', content: 'one', replacedAt: null },
    ],
    edges: [{ node: { id: 'run:1' } }, { node: { id: 'run:0' } }],
    session: { version: 1 },
  });
  const replaced = await write({ sessionId: 'run', messages, onKey: 'REPLACE' });
  expect(replaced).toMatchObject({
    messages: [
      { id: 'run:1', content: 'two', replacedAt: null },
      { id: 'run:0', content: 'other', replacedAt: expect.stringMatching(/Z$/) },
    ],
    session: { version: 2, historyLength: 3 },
  });
});

test('a message that is as given is left alone, also where its values are literals of the document', async () => {
  const { api } = await openStore();
  const write = () =>
    api.send(`mutation { writeHistory(input: { sessionId: "run", onKey: REPLACE, messages: [{
      role: ASSISTANT, key: "n", payload: { a: [{ b: -0 }] }, metadata: { c: {} },
      toolCalls: [{ toolCallId: "t", name: "f", arguments: { d: null } }] }] }) {
      ... on WriteHistoryPayload { session { version } messages { replacedAt } } } }`);
  const written = { data: { writeHistory: { session: { version: 2 }, messages: [{ replacedAt: null }] } } };
  expect(await write()).toEqual(written);
  expect(await write()).toEqual(written);
});

test.each<[string, WriteHistoryInput, object]>([
  [
    'an unknown id',
    { sessionId: 'none' },
    { __typename: 'SessionNotFoundError', sessionId: 'none', key: null },
  ],
  ['an unknown key', { key: 'k' }, { __typename: 'SessionNotFoundError', sessionId: null, key: 'k' }],
  [
    'the key of a parent that is missing',
    { sessionId: 'none', create: { parentKey: 'p' } },
    { __typename: 'SessionNotFoundError', sessionId: null, key: 'p' },
  ],
  [
    'a deleted id',
    { sessionId: 'gone', create: {} },
    { __typename: 'SessionExistsError', sessionId: 'gone' },
  ],
  ['an archived session', { sessionId: 'old' }, { __typename: 'SessionArchivedError', sessionId: 'old' }],
  [
    'another version',
    { sessionId: 'run', expectedVersion: 0 },
    { __typename: 'ConflictError', reason: 'VERSION', expectedVersion: 0, actualVersion: 1, key: null },
  ],
  [
    'a key that is taken',
    { sessionId: 'run', messages: [{ role: 'USER', key: '1' }] },
    { __typename: 'ConflictError', reason: 'KEY', key: '1' },
  ],
])('%s is a typed error', async (_name, input, error) => {
  const { store, write } = await openStore();
  for (const id of ['gone', 'old']) await store.create({ id });
  await store.delete({ sessionId: 'gone', mode: 'RESTRICT' });
  await store.archive({ sessionId: 'old', archived: true, subtree: false });
  expect(await write({ title: 'T', ...input })).toMatchObject({ message: expect.any(String), ...error });
  expect(await store.findMany(['run', 'none'])).toMatchObject([{ version: 1 }, null]);
});

test.each<[string, WriteHistoryInput, string, string]>([
  ['no session', {}, 'sessionId', 'expected the session by "sessionId" or by "key", got neither'],
  [
    'two sessions',
    { sessionId: 'run', key: 'k' },
    'sessionId',
    'expected the session by "sessionId" or by "key", got both',
  ],
  [
    'two parents',
    { key: 'new', create: { parentId: 'run', parentKey: 'k' } },
    'create.parentKey',
    'expected the parent by "parentId" or by "parentKey", got both',
  ],
  [
    'two ends',
    { sessionId: 'run', keep: 1, dropLast: 1 },
    'dropLast',
    'expected at most one of "keep", "keepThroughKey" and "dropLast", got "keep" and "dropLast"',
  ],
  [
    'a key twice',
    { sessionId: 'run', messages: ['a', null, 'a'].map((key) => ({ role: 'USER', key })), onKey: 'REPLACE' },
    'messages.2.key',
    'expected a key that no other message of the input has, got that of message 0',
  ],
  [
    'a member that metadata and setMetadata name',
    { sessionId: 'run', metadata: { a: 1 }, setMetadata: { a: 2 } },
    'setMetadata.a',
    'expected a key that "metadata" does not name, got one that it names. Name each key in one of them',
  ],
  [
    'more than there is to keep',
    { sessionId: 'run', keep: 4 },
    'keep',
    'expected at most 3, the length of the history, got 4',
  ],
  [
    'a message that is missing',
    { sessionId: 'run', keepThroughKey: '4' },
    'keepThroughKey',
    'expected the key of a message of the history, got "4"',
  ],
  [
    'a key of another owner than that of the parent',
    { key: 'new', ownerId: 'bob', create: { parentId: 'run' } },
    'ownerId',
    'expected "ann", who owns the tree of the parent, got "bob": the key would not be found again',
  ],
  [
    'an origin of a root',
    { sessionId: 'new', create: { spawnedBy: { toolCallId: 'c' } } },
    'create.spawnedBy',
    'expected nothing for a root, which no session has spawned, got an origin',
  ],
  [
    'an origin in another session than the parent',
    { sessionId: 'new', create: { parentId: 'run', spawnedBy: { messageId: 'other:0' } } },
    'create.spawnedBy.messageId',
    'expected the id of a message of the parent "run", got "other:0"',
  ],
])('%s is an issue with its path', async (_name, input, path, message) => {
  const { store, write } = await openStore();
  expect(await write({ title: 'T', ...input })).toMatchObject({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', ...path.split('.')], message }],
  });
  expect(await store.findMany(['run'])).toMatchObject([{ version: 1, title: null }]);
  expect(await store.count({})).toBe(1);
});

test('negative numbers, an empty key and too many messages are issues', async () => {
  const { write } = await openStore();
  const paths = async (input: WriteHistoryInput) => {
    const answer = await write({ sessionId: 'run', ...input });
    if (answer.__typename !== 'InvalidInputError') throw new Error(answer.__typename);
    return answer.issues.map(({ path }) => path.join('.'));
  };
  expect(await paths({ keep: -1 })).toEqual(['input.keep']);
  expect(await paths({ dropLast: -1, expectedVersion: -1 })).toEqual([
    'input.dropLast',
    'input.expectedVersion',
  ]);
  expect(await paths({ keepThroughKey: '' })).toEqual(['input.keepThroughKey']);
  expect(await paths({ messages: Array.from({ length: 1_001 }, () => ({ role: 'USER' })) })).toEqual([
    'input.messages',
  ]);
});

test('only the first of what was dropped is read and shown, or nothing, and all is counted', async () => {
  const { store, api, calls } = await openStore();
  const messages = Array.from({ length: 9 }, (_, n) => ({ role: 'USER' as const, content: `${n}` }));
  await store.create({ id: 'long', messages });
  const write = (fields: string) =>
    api.send(`mutation { writeHistory(input: { sessionId: "long", dropLast: 7, operationId: "op" }) {
      ... on WriteHistoryPayload { removedCount ${fields} } } }`);
  expect(await write('a: removed(first: 1) { content } b: removed(first: 3) { position }')).toEqual({
    data: {
      writeHistory: {
        removedCount: 7,
        a: [{ content: '2' }],
        b: [{ position: 2 }, { position: 3 }, { position: 4 }],
      },
    },
  });
  expect(await write('')).toEqual({ data: { writeHistory: { removedCount: 7 } } });
  expect(await write('removed(first: 0) { id }')).toMatchObject({ data: { writeHistory: { removed: [] } } });
  expect(await write('removed { content }')).toMatchObject({
    data: { writeHistory: { removed: messages.slice(2).map(({ content }) => ({ content })) } },
  });
  expect(calls).toMatchObject([
    ['writeHistory', { dropLast: 7 }, { removed: { first: 3 } }, {}],
    ['writeHistory', { dropLast: 7 }, { messages: null, removed: null }, {}],
    ['writeHistory', { dropLast: 7 }, { removed: null }, {}],
    ['writeHistory', { dropLast: 7 }, { removed: { first: undefined } }, {}],
  ]);
});

test('a wrong number of dropped messages is refused before anything is written', async () => {
  const { store, api } = await openStore();
  const { errors } = await api.send(`mutation { writeHistory(input: { sessionId: "run", dropLast: 1 }) {
    ... on WriteHistoryPayload { removed(first: -1) { id } } } }`);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(await store.findMany(['run'])).toMatchObject([{ version: 1 }]);
});

test.each([
  ['dropLast: 3', { objects: 3 }, 'session { id } removed { id }', 'dropLast', 'at most 2 messages'],
  ['keep: 0', { objects: 3 }, 'session { id } removed { id }', 'keep', 'at most 2 messages'],
  ['keepThroughKey: "1"', { textBytes: 7 }, 'removed { content }', 'keepThroughKey', '7 bytes of text'],
  [
    'onKey: IGNORE, messages: [{ role: USER, key: "3" }]',
    { textBytes: 9 },
    'messages { a: content b: content }',
    'messages',
    '9 bytes of text',
  ],
  [
    'dropLast: 1, onKey: IGNORE, messages: [{ role: USER, key: "1" }, { role: USER, key: "2" }]',
    { textBytes: 5 },
    'messages { content }',
    'messages',
    '5 bytes of text',
  ],
])(
  '%s with an answer that could not be held (%o) is refused before anything is written',
  async (input, limits, fields, member, most) => {
    const { store } = await openStore();
    const write = (limit: object) =>
      createApi(
        store,
        limit,
      ).send(`mutation { writeHistory(input: { sessionId: "run", title: "T", ${input} }) {
      __typename ... on InvalidInputError { issues { path message } } ... on WriteHistoryPayload { ${fields} } } }`);
    expect(await write(limits)).toMatchObject({
      data: {
        writeHistory: { issues: [{ path: ['input', member], message: expect.stringContaining(most) }] },
      },
    });
    expect(await store.findMany(['run'])).toMatchObject([{ version: 1, title: null, historyLength: 3 }]);
    const [[name, value]] = Object.entries(limits) as [[string, number]];
    const fitting = await write({ [name]: value + 3 });
    expect(fitting).not.toHaveProperty('errors');
    expect(fitting).toMatchObject({ data: { writeHistory: { __typename: 'WriteHistoryPayload' } } });
  },
);

test('every message of the payload counts against the budget, each time it appears', async () => {
  const { store } = await openStore();
  const write = (fields: string, limits: object) =>
    createApi(store, limits).send(`mutation {
      writeHistory(input: { sessionId: "run", dropLast: 1, messages: [{ role: USER, content: "ten bytes." }] }) {
        ... on WriteHistoryPayload { ${fields} } } }`);
  const exceeded = { errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }] };
  const twice = 'messages { content } edges { node { content } }';
  expect(await write(twice, { textBytes: 19 })).toMatchObject(exceeded);
  expect(await write(twice, { textBytes: 20 })).not.toHaveProperty('errors');
  expect(await write('session { id } messages { id }', { objects: 1 })).toMatchObject(exceeded);
  expect(await write('session { id } messages { id }', { objects: 2 })).not.toHaveProperty('errors');
});

test('a retry is answered as the first time, also with another expected version; another input is a conflict', async () => {
  const { store, write } = await openStore();
  const input: WriteHistoryInput = {
    sessionId: 'run',
    dropLast: 1,
    messages: [{ role: 'USER', content: 'new', key: '3' }],
    operationId: 'op',
    expectedVersion: 1,
  };
  const first = await write(input);
  expect(first).toMatchObject({ removed: [{ content: 'three' }], messages: [{ id: 'run:3', key: '3' }] });
  expect(await write(input)).toEqual(first);
  expect(await write({ ...input, expectedVersion: 2 })).toEqual(first);
  for (const other of [
    { dropLast: 2 },
    { title: null },
    { statusMessage: null },
    { onKey: 'IGNORE' as const },
  ])
    expect(await write({ ...input, ...other })).toMatchObject({
      __typename: 'ConflictError',
      reason: 'OPERATION',
    });
  expect(await store.findMany(['run'])).toMatchObject([{ version: 2 }]);
});
