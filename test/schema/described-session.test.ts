import { describe, expect, test } from 'vitest';
import { type Api, createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const DESCRIBED = `
  id userId title agentName project status statusMessage statusChangedAt createdAt lastActiveAt updatedAt
  spawnedBy { sessionId messageId toolCallId message { id content } }
  usage { inputTokens outputTokens cacheReadTokens cacheWriteTokens reasoningTokens costUsd }
  history { nodes { id role content } }`;

/** The answer of a mutation, and the session in its payload. */
async function send(api: Api, mutation: string, input: object): Promise<unknown> {
  const type = mutation[0]!.toUpperCase() + mutation.slice(1);
  const { data, errors } = await api.send(
    `mutation ($input: ${type}Input!) {
      ${mutation}(input: $input) {
        __typename
        ... on ${type}Payload { session { ${DESCRIBED} } }
        ... on InvalidInputError { issues { path message } }
      }
    }`,
    { input },
  );
  expect(errors).toBeUndefined();
  return (data as Record<string, unknown>)[mutation];
}

const FIRST = '2026-01-01T00:00:00.000Z';
const LAST = '2026-01-02T00:00:00.000Z';
const USAGE = {
  inputTokens: 10,
  outputTokens: 5,
  cacheReadTokens: 4,
  cacheWriteTokens: 3,
  reasoningTokens: 2,
  costUsd: 0.25,
};

test('createSession records all that is said of a session, with its messages and times', async () => {
  const created = await send(createApi(await openTestRepository()), 'createSession', {
    id: 'root',
    agentName: 'planner',
    project: '/home/ann/code',
    status: 'RUNNING',
    statusMessage: 'reading',
    createdAt: FIRST,
    messages: [
      { role: 'USER', content: 'plan it', createdAt: FIRST },
      { role: 'ASSISTANT', content: 'done', createdAt: LAST, usage: USAGE },
    ],
  });
  expect(created).toMatchObject({
    __typename: 'CreateSessionPayload',
    session: {
      agentName: 'planner',
      project: '/home/ann/code',
      status: 'RUNNING',
      statusMessage: 'reading',
      statusChangedAt: FIRST,
      createdAt: FIRST,
      lastActiveAt: LAST,
      spawnedBy: null,
      usage: USAGE,
      history: { nodes: [{ id: 'root:0' }, { id: 'root:1' }] },
    },
  });
});

test('spawnSession takes the project of the parent, and keeps what spawned the session', async () => {
  const api = createApi(await openTestRepository());
  const messages = [{ role: 'ASSISTANT', content: 'I need help.' }];
  await send(api, 'createSession', { id: 'root', project: 'ours', userId: 'ann', messages });
  const spawnedBy = { messageId: 'root:0', toolCallId: 'call-1' };
  const spawned = await send(api, 'spawnSession', {
    parentId: 'root',
    id: 'child',
    project: null,
    spawnedBy,
  });
  expect(spawned).toMatchObject({
    session: {
      project: 'ours',
      userId: 'ann',
      agentName: null,
      status: 'IDLE',
      spawnedBy: { sessionId: 'root', ...spawnedBy, message: { id: 'root:0', content: 'I need help.' } },
    },
  });
});

test.each([
  [{}, ['input', 'spawnedBy'], 'expected a "messageId", a "toolCallId" or both'],
  [
    { messageId: 'child:0' },
    ['input', 'spawnedBy', 'messageId'],
    'expected the id of a message of the parent',
  ],
])('spawnSession refuses as what spawned the session: %j', async (spawnedBy, path, message) => {
  const api = createApi(await openTestRepository());
  await send(api, 'createSession', { id: 'root' });
  expect(await send(api, 'spawnSession', { parentId: 'root', spawnedBy })).toEqual({
    __typename: 'InvalidInputError',
    issues: [{ path, message: expect.stringContaining(message) }],
  });
});

test('updateSession sets a status, and clears the message of the one before', async () => {
  const api = createApi(await openTestRepository());
  await send(api, 'createSession', { id: 'a', status: 'WAITING', statusMessage: 'which?', project: 'p' });
  const update = (input: object) => send(api, 'updateSession', { sessionId: 'a', ...input });
  expect(await update({ status: 'COMPLETED' })).toMatchObject({
    session: { status: 'COMPLETED', statusMessage: null, project: 'p' },
  });
  expect(await update({ agentName: 'coder', project: null })).toMatchObject({
    session: { status: 'COMPLETED', agentName: 'coder', project: null },
  });
});

test('the messages that spawned the sessions of a page are read in one batch', async () => {
  const store = await openTestRepository();
  const messages = [1, 2].map((n) => ({ role: 'ASSISTANT' as const, content: `${n}` }));
  await store.create({ id: 'root', messages });
  for (const n of [0, 1, 0]) await store.create({ parentId: 'root', spawnedBy: { messageId: `root:${n}` } });
  await store.create({ parentId: 'root', spawnedBy: { messageId: 'root:7', toolCallId: 'c' } });
  const { repository, calls } = watched(store);
  const query = '{ session(id: "root") { children { nodes { spawnedBy { message { content } } } } } }';
  const origins = ['1', '2', '1'].map((content) => ({ spawnedBy: { message: { content } } }));
  expect(await createApi(repository).send(query)).toEqual({
    data: { session: { children: { nodes: [...origins, { spawnedBy: { message: null } }] } } },
  });
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'childrenOf', 'findMessages']);
});

describe('a message', () => {
  const MESSAGE = '{ session(id: "a") { historyLength messageCount history { nodes { %s } } } }';

  test('has all that is said of it', async () => {
    const api = createApi(await openTestRepository());
    const call = { toolCallId: 'c1', name: 'read', arguments: { path: '\u0000\ud800' } };
    const given = [
      { role: 'EVENT', kind: 'compaction' },
      { role: 'ASSISTANT', content: 'ok', reasoning: 'hm', toolCalls: [call], model: 'm', usage: USAGE },
      { role: 'TOOL', toolCallId: 'c1', isError: true, isCopy: true, payload: ['\udc00', '\u0000'] },
    ];
    const created = await api.send(
      `mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename } }`,
      { input: { id: 'a', messages: given } },
    );
    expect(created).toEqual({ data: { createSession: { __typename: 'CreateSessionPayload' } } });
    const fields =
      'role kind content contentLength reasoning toolCalls { toolCallId name arguments } toolCallId isError isCopy model payload usage { cacheReadTokens }';
    const none = { kind: null, content: '', contentLength: 0, reasoning: null, toolCalls: [], model: null };
    const said = { ...none, toolCallId: null, isError: false, isCopy: false, payload: null, usage: null };
    expect(await api.send(MESSAGE.replace('%s', fields))).toEqual({
      data: {
        session: {
          historyLength: 3,
          messageCount: 0,
          history: {
            nodes: [
              { ...said, ...given[0] },
              { ...said, ...given[1], contentLength: 2, usage: { cacheReadTokens: 4 } },
              { ...said, ...given[2] },
            ],
          },
        },
      },
    });
  });

  test.each([
    [0, ''],
    [1, 'a'],
    [2, 'a'],
    [3, 'a😀'],
    [100, 'a😀b'],
  ])('whose content is cut to %i characters has %j, and a length of 4', async (maxLength, content) => {
    const store = await openTestRepository();
    await store.create({ id: 'a', messages: [{ role: 'USER', content: 'a😀b' }] });
    const bytes = Buffer.byteLength(content);
    const query = MESSAGE.replace('%s', `content(maxLength: ${maxLength}) contentLength`);
    expect(await createApi(store, { textBytes: bytes }).send(query)).toMatchObject({
      data: { session: { history: { nodes: [{ content, contentLength: 4 }] } } },
    });
    if (bytes === 0) return;
    expect(await createApi(store, { textBytes: bytes - 1 }).send(query)).toMatchObject({
      errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }],
    });
  });

  test('whose content is to be cut to less than nothing is refused before anything is read', async () => {
    const { repository, calls } = watched(await openTestRepository());
    const query = MESSAGE.replace('%s', 'content(maxLength: -1)');
    expect(await createApi(repository).send(query)).toMatchObject({
      errors: [{ message: 'maxLength: expected 0 or more, got -1.', extensions: { code: 'BAD_USER_INPUT' } }],
    });
    expect(calls).toEqual([]);
  });

  test('is cut anew for the variables of each request', async () => {
    const store = await openTestRepository();
    await store.create({ id: 'a', messages: [{ role: 'USER', content: 'abcdef' }] });
    const api = createApi(store, { textBytes: 6 });
    const query = `query ($n: Int) ${MESSAGE.replace('%s', 'content(maxLength: $n)')}`;
    for (const [n, content] of [
      [2, 'ab'],
      [null, 'abcdef'],
      [1, 'a'],
    ]) {
      expect(await api.send(query, { n })).toMatchObject({
        data: { session: { history: { nodes: [{ content }] } } },
      });
    }
  });
});
