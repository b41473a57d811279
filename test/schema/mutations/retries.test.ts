import { expect, test } from 'vitest';
import { operationOf } from '../../../src/model/operation.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

/** A mutation with a minimal input, and additions to the input that do not change its meaning. */
interface Case {
  readonly mutation: string;
  readonly type: string;
  readonly input: object;
  readonly same: readonly object[];
}

const SOME_METADATA = { b: { d: [1, null], c: null }, a: 1 };
const NO_USAGE = { inputTokens: 1, outputTokens: 2 };
const MESSAGE = { role: 'TOOL', content: 'c', createdAt: '2026-01-31T09:30:00.000Z' };

const CASES: readonly Case[] = [
  {
    mutation: 'createSession',
    type: 'CreateSessionInput',
    input: {},
    same: [
      { id: null },
      { title: null },
      { userId: null },
      { metadata: null },
      { metadata: {} },
      { id: null, title: null, userId: null, metadata: {} },
      { status: 'IDLE' },
      { messages: [] },
      { messages: null, ifExists: 'ERROR' },
    ],
  },
  {
    mutation: 'createSession',
    type: 'CreateSessionInput',
    input: { messages: [MESSAGE] },
    same: [{ messages: [{ ...MESSAGE, isCopy: false, isError: false, toolCalls: [] }] }],
  },
  {
    mutation: 'createSession',
    type: 'CreateSessionInput',
    input: { metadata: SOME_METADATA },
    same: [{ metadata: { a: 1.0, b: { c: null, d: [1, null] } } }],
  },
  {
    mutation: 'spawnSession',
    type: 'SpawnSessionInput',
    input: { parentId: 'a' },
    same: [
      { id: null, title: null, userId: null, metadata: null },
      { metadata: {} },
      { status: 'IDLE', messages: [] },
    ],
  },
  {
    mutation: 'sendMessage',
    type: 'SendMessageInput',
    input: { sessionId: 'a', message: 'm', response: 'r' },
    same: [{ usage: null, model: null }, { expectedVersion: null }],
  },
  {
    mutation: 'sendMessage',
    type: 'SendMessageInput',
    input: { sessionId: 'a', message: 'm', response: 'r', usage: NO_USAGE },
    same: [
      { usage: { ...NO_USAGE, costUsd: null } },
      { usage: { ...NO_USAGE, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 } },
    ],
  },
  {
    mutation: 'sendMessage',
    type: 'SendMessageInput',
    input: { sessionId: 'a', message: 'm' },
    same: [{ response: null }],
  },
  {
    mutation: 'appendMessages',
    type: 'AppendMessagesInput',
    input: { sessionId: 'a', messages: [MESSAGE, { role: 'USER', content: 'u', usage: NO_USAGE }] },
    same: [
      {
        messages: [
          { ...MESSAGE, name: null, toolCallId: null, payload: null, usage: null, metadata: {} },
          { role: 'USER', content: 'u', createdAt: null, usage: { ...NO_USAGE, costUsd: null } },
        ],
      },
      {
        messages: [
          { ...MESSAGE, createdAt: '2026-01-31T10:30:00.0009+01:00', metadata: null },
          { role: 'USER', content: 'u', usage: NO_USAGE },
        ],
      },
      {
        messages: [
          { ...MESSAGE, isError: false, isCopy: false, toolCalls: [] },
          { role: 'USER', content: 'u', usage: { ...NO_USAGE, cacheReadTokens: 0, reasoningTokens: 0 } },
        ],
      },
      { expectedVersion: null },
    ],
  },
  {
    mutation: 'writeHistory',
    type: 'WriteHistoryInput',
    input: { sessionId: 'a', messages: [MESSAGE] },
    same: [
      { key: null, ownerId: null, create: null, keep: null, keepThroughKey: null, dropLast: null },
      { onKey: 'ERROR' },
      { status: null, metadata: {}, setMetadata: null, expectedVersion: null },
      { messages: [{ ...MESSAGE, key: null, toolCalls: null, metadata: {} }] },
      { messages: [{ ...MESSAGE, isError: false, isCopy: false, toolCalls: [] }] },
      { dropLast: 0 },
    ],
  },
  {
    mutation: 'writeHistory',
    type: 'WriteHistoryInput',
    input: { sessionId: 'filled', dropLast: 2 },
    same: [{ messages: [] }],
  },
  {
    mutation: 'writeHistory',
    type: 'WriteHistoryInput',
    input: { sessionId: 'b', create: { parentId: 'a', forkedFrom: { sessionId: 'other' } } },
    same: [
      {
        create: {
          parentId: 'a',
          parentKey: null,
          metadata: {},
          forkedFrom: { sessionId: 'other', messageId: null },
        },
      },
    ],
  },
  {
    mutation: 'updateSession',
    type: 'UpdateSessionInput',
    input: { sessionId: 'a' },
    same: [
      { metadata: null },
      { metadata: {} },
      { setMetadata: null },
      { setMetadata: {} },
      { expectedVersion: null },
    ],
  },
  {
    mutation: 'updateSession',
    type: 'UpdateSessionInput',
    input: { sessionId: 'a', title: null },
    same: [{ metadata: {} }],
  },
  {
    mutation: 'deleteSession',
    type: 'DeleteSessionInput',
    input: { sessionId: 'a-child' },
    same: [
      { mode: null },
      { mode: 'RESTRICT' },
      { dryRun: false, mode: 'RESTRICT' },
      { dryRun: null, expectedVersion: null },
    ],
  },
  {
    mutation: 'forkSession',
    type: 'ForkSessionInput',
    input: { sessionId: 'a' },
    same: [
      { throughMessageId: null, id: null, title: null, expectedVersion: null },
      { asRoot: false },
      { asRoot: null },
      { createdAt: null },
    ],
  },
  {
    mutation: 'moveSession',
    type: 'MoveSessionInput',
    input: { sessionId: 'a-child', parentId: 'other' },
    same: [{ asRoot: false }, { asRoot: null, expectedVersion: null }],
  },
  {
    mutation: 'moveSession',
    type: 'MoveSessionInput',
    input: { sessionId: 'a-child', asRoot: true },
    same: [{ parentId: null }],
  },
  ...['archiveSession', 'unarchiveSession'].map((mutation) => ({
    mutation,
    type: `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`,
    input: { sessionId: 'a' },
    same: [{ subtree: true }, { subtree: null, expectedVersion: null }],
  })),
  {
    mutation: 'archiveSession',
    type: 'ArchiveSessionInput',
    input: { sessionId: 'a' },
    same: [{ archivedAt: null }],
  },
  {
    mutation: 'truncateHistory',
    type: 'TruncateHistoryInput',
    input: { sessionId: 'a', keep: 0 },
    same: [{ dryRun: false }, { dryRun: null, expectedVersion: null }],
  },
];

const SHOWN: Readonly<Record<string, string>> = {
  createSession: '... on CreateSessionPayload { session { id version } }',
  spawnSession: '... on SpawnSessionPayload { session { id version } }',
  forkSession: '... on ForkSessionPayload { session { id version } }',
  updateSession: '... on UpdateSessionPayload { session { version title metadata } }',
  sendMessage: '... on SendMessagePayload { messages { id createdAt usage { costUsd } } }',
  appendMessages: '... on AppendMessagesPayload { messages { id createdAt metadata payload } }',
  writeHistory:
    '... on WriteHistoryPayload { isNew removedCount messages { id createdAt metadata } session { id version } }',
};

const SESSIONS = ['a', 'a-child', 'other', 'filled'];

async function openStore() {
  const store = await openTestRepository();
  const metadata = { kept: true };
  for (const id of ['a', 'other']) await store.create({ id, title: 'A', metadata });
  await store.create({ id: 'a-child', parentId: 'a' });
  const messages = ['0', '1', '2', '3'].map((content) => ({ role: 'USER' as const, content }));
  await store.create({ id: 'filled', messages });
  const api = createApi(store);
  const send = async ({ mutation, type }: Pick<Case, 'mutation' | 'type'>, input: object) => {
    const { data } = (await api.send(
      `mutation ($input: ${type}!) {
        answer: ${mutation}(input: $input) { __typename ... on Error { message } ${SHOWN[mutation] ?? ''} }
      }`,
      { input },
    )) as { data: { answer: { __typename: string } } };
    return data.answer;
  };
  return { store, send };
}

const every = CASES.flatMap(({ same, ...one }) => same.map((added) => ({ ...one, added })));

test.each(every)(
  '$mutation $input is the same request with $added',
  async ({ input, added, ...mutation }) => {
    const { store, send } = await openStore();
    const forms = [input, { ...input, ...added }];
    for (const [operationId, [first, again]] of [
      ['added', forms],
      ['left out', forms.toReversed()],
    ] as const) {
      const answer = await send(mutation, { ...first, operationId });
      // In the second round, a mutation that cannot be made twice is refused for the state of the store, and so is its retry.
      const before = await store.findMany(SESSIONS);
      expect(await send(mutation, { ...again, operationId })).toEqual(answer);
      expect(await store.findMany(SESSIONS)).toEqual(before);
      if (operationId === 'added') expect(answer.__typename).toMatch(/Payload$/);
    }
  },
);

test.each([
  ['updateSession', 'UpdateSessionInput', { sessionId: 'a' }, { title: null }],
  [
    'updateSession',
    'UpdateSessionInput',
    { sessionId: 'a', metadata: { x: 1 } },
    { metadata: { x: 1, y: null } },
  ],
  ['updateSession', 'UpdateSessionInput', { sessionId: 'a', metadata: { x: {} } }, { metadata: {} }],
  [
    'updateSession',
    'UpdateSessionInput',
    { sessionId: 'a', setMetadata: { x: 1 } },
    { setMetadata: { x: 1, y: null } },
  ],
  ['createSession', 'CreateSessionInput', {}, { metadata: { x: null } }],
  ['createSession', 'CreateSessionInput', {}, { title: '' }],
  ['createSession', 'CreateSessionInput', { metadata: { usage: {} } }, { metadata: { usage: { x: null } } }],
  [
    'createSession',
    'CreateSessionInput',
    { metadata: { messages: [{}] } },
    { metadata: { messages: [{ x: null }] } },
  ],
  [
    'appendMessages',
    'AppendMessagesInput',
    { sessionId: 'a', messages: [{ ...MESSAGE, payload: {} }] },
    { messages: [{ ...MESSAGE, payload: { x: null } }] },
  ],
  [
    'sendMessage',
    'SendMessageInput',
    { sessionId: 'a', message: 'm', response: 'r', usage: NO_USAGE },
    { usage: { ...NO_USAGE, costUsd: 0 } },
  ],
  ['deleteSession', 'DeleteSessionInput', { sessionId: 'a-child' }, { mode: 'CASCADE' }],
  ['writeHistory', 'WriteHistoryInput', { sessionId: 'a', metadata: { b: 1 } }, { title: null }],
  ['writeHistory', 'WriteHistoryInput', { sessionId: 'a', metadata: { b: 1 } }, { statusMessage: null }],
  ['writeHistory', 'WriteHistoryInput', { sessionId: 'a', messages: [MESSAGE] }, { dropLast: 1 }],
  ['writeHistory', 'WriteHistoryInput', { sessionId: 'a' }, { status: 'IDLE' }],
  ['updateSession', 'UpdateSessionInput', { sessionId: 'a' }, { status: 'IDLE' }],
  ['createSession', 'CreateSessionInput', {}, { status: 'RUNNING' }],
  [
    'createSession',
    'CreateSessionInput',
    { metadata: { usage: {} } },
    { metadata: { usage: { cacheReadTokens: 0 }, messages: [] } },
  ],
  [
    'appendMessages',
    'AppendMessagesInput',
    { sessionId: 'a', messages: [{ ...MESSAGE, payload: {} }] },
    { messages: [{ ...MESSAGE, payload: { isError: false, toolCalls: [] } }] },
  ],
  [
    // Left out, a copy that is already as given stays a copy.
    'appendMessages',
    'AppendMessagesInput',
    { sessionId: 'a', onKey: 'REPLACE', messages: [MESSAGE] },
    { messages: [{ ...MESSAGE, isCopy: false }] },
  ],
  ['writeHistory', 'WriteHistoryInput', { sessionId: 'a', messages: [MESSAGE] }, { onKey: 'IGNORE' }],
  ['writeHistory', 'WriteHistoryInput', { key: 'new', create: {} }, { create: { title: '' } }],
  ['forkSession', 'ForkSessionInput', { sessionId: 'a' }, { asRoot: true }],
  ['forkSession', 'ForkSessionInput', { sessionId: 'a' }, { createdAt: '2026-01-31T09:30:00.000Z' }],
])('%s of %s %o is another request with %o', async (mutation, type, input, added) => {
  const { send } = await openStore();
  const operationId = 'op';
  const first = await send({ mutation, type }, { ...input, operationId });
  expect(first.__typename).toMatch(/Payload$/);
  const second = await send({ mutation, type }, { ...input, ...added, operationId });
  expect(second.__typename).toBe('ConflictError');
});

test.each(CASES.filter(({ mutation }) => !/^(create|spawn)/.test(mutation)))(
  '$mutation $input is the same request with any expectedVersion',
  async ({ input, ...mutation }) => {
    const { store, send } = await openStore();
    const operationId = 'op';
    const answer = await send(mutation, { ...input, operationId });
    expect(answer.__typename).toMatch(/Payload$/);
    const before = await store.findMany(SESSIONS);
    expect(await send(mutation, { ...input, operationId, expectedVersion: 77 })).toEqual(answer);
    expect(await store.findMany(SESSIONS)).toEqual(before);
  },
);

test('a retry after the version was read again is answered as the first time', async () => {
  const { store, send } = await openStore();
  const update = { mutation: 'updateSession', type: 'UpdateSessionInput' };
  const input = { sessionId: 'a', title: 'B', operationId: 'op' };
  const first = await send(update, { ...input, expectedVersion: 1 });
  expect(first).toMatchObject({ session: { version: 2, title: 'B' } });
  expect(await send(update, { ...input, expectedVersion: 2 })).toEqual(first);
  expect(await send(update, input)).toEqual(first);
  expect(await store.findMany(['a'])).toMatchObject([{ version: 2 }]);
});

test('an operation that an earlier version recorded, nulls and all, is known again', async () => {
  const { store, send } = await openStore();
  const recorded = { id: 'b', title: null, metadata: {} };
  await store.create(recorded, operationOf('old', 'createSession', recorded));
  const create = { mutation: 'createSession', type: 'CreateSessionInput' };
  const again = await send(create, { ...recorded, operationId: 'old' });
  expect(again).toEqual({ __typename: 'CreateSessionPayload', session: { id: 'b', version: 1 } });

  const move = { id: 'a-child', parentId: null };
  await store.move({ sessionId: 'a-child', parentId: null }, operationOf('old move', 'moveSession', move));
  const moved = { mutation: 'moveSession', type: 'MoveSessionInput' };
  const input = { sessionId: 'a-child', asRoot: true, operationId: 'old move' };
  expect(await send(moved, input)).toEqual({ __typename: 'MoveSessionPayload' });

  const update = { id: 'a', title: 'B', expectedVersion: 1 };
  const made = operationOf('old update', 'updateSession', update);
  await store.update({ sessionId: 'a', title: 'B', expectedVersion: 1 }, made);
  const updated = { sessionId: 'a', title: 'B', expectedVersion: 1, operationId: 'old update' };
  expect(await send({ mutation: 'updateSession', type: 'UpdateSessionInput' }, updated)).toMatchObject({
    __typename: 'UpdateSessionPayload',
    session: { version: 2 },
  });
  const truncate = operationOf('old rollback', 'truncateHistory', {
    sessionId: 'a',
    length: 0,
    dryRun: false,
  });
  await store.truncate({ sessionId: 'a', keep: 0 }, null, truncate);
  const truncated = { sessionId: 'a', keep: 0, operationId: 'old rollback' };
  expect(await send({ mutation: 'truncateHistory', type: 'TruncateHistoryInput' }, truncated)).toEqual({
    __typename: 'TruncateHistoryPayload',
  });
});

test('an operation that an earlier version recorded, explicit defaults and all, is known again', async () => {
  const { store, send } = await openStore();
  const create = { id: 'b', status: 'IDLE' as const, messages: [] };
  await store.create(create, operationOf('old', 'createSession', create));
  const created = { mutation: 'createSession', type: 'CreateSessionInput' };
  const payload = { __typename: 'CreateSessionPayload', session: { id: 'b', version: 1 } };
  expect(await send(created, { ...create, operationId: 'old' })).toEqual(payload);

  const usage = { ...NO_USAGE, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  const message = { role: 'ASSISTANT' as const, content: 'c', isError: false, isCopy: false, toolCalls: [] };
  const write = { sessionId: 'a', dropLast: 0, messages: [{ ...message, usage }] };
  const nothing = { messages: null, removed: null };
  await store.writeHistory(write, nothing, operationOf('old write', 'writeHistory', write));
  const written = { mutation: 'writeHistory', type: 'WriteHistoryInput' };
  const [before] = await store.findMany(['a']);
  expect(await send(written, { ...write, operationId: 'old write' })).toMatchObject({
    __typename: 'WriteHistoryPayload',
    messages: [{ id: 'a:0' }],
  });
  expect(await store.findMany(['a'])).toEqual([before]);
});
