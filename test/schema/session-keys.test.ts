import { expect, test } from 'vitest';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const CREATE = graphql(`
  mutation CreateKeyed($input: CreateSessionInput!) {
    createSession(input: $input) {
      __typename
      ... on CreateSessionPayload { isNew session { id key title version } }
      ... on SessionExistsError { message sessionId key }
      ... on InvalidInputError { issues { path message } }
    }
  }
`);

const SPAWN = graphql(`
  mutation SpawnKeyed($input: SpawnSessionInput!) {
    spawnSession(input: $input) {
      __typename
      ... on SpawnSessionPayload { isNew session { id key userId } parent { id } }
      ... on SessionExistsError { message sessionId key }
      ... on SessionNotFoundError { sessionId }
    }
  }
`);

const UPDATE = graphql(`
  mutation UpdateKeyed($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      __typename
      ... on UpdateSessionPayload { session { key version } }
      ... on SessionExistsError { sessionId key }
    }
  }
`);

const FORK = graphql(`
  mutation ForkKeyed($input: ForkSessionInput!) {
    forkSession(input: $input) {
      __typename
      ... on ForkSessionPayload { session { key } }
      ... on SessionExistsError { sessionId key }
    }
  }
`);

const MOVE = graphql(`
  mutation MoveKeyed($input: MoveSessionInput!) {
    moveSession(input: $input) { __typename ... on ConflictError { message reason key } }
  }
`);

const BY_KEY = graphql(`
  query SessionsByKey($ann: String, $noText: String) {
    one: session(key: "k") { id }
    same: session(key: "k", ownerId: null) { id }
    anns: session(key: "k", ownerId: $ann) { id userId }
    none: session(key: "none") { id }
    noText: session(key: $noText) { id }
    byId: session(id: "a") { key }
  }
`);

test('sessions are found by their keys, all in one batch', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', key: 'k' });
  await store.create({ id: 'b', key: 'k', userId: 'ann' });
  await store.create({ id: 'c', key: '\ufffd' });
  const { repository, calls } = watched(store);
  expect(await createApi(repository).query(BY_KEY, { ann: 'ann', noText: '\ud800' })).toEqual({
    one: { id: 'a' },
    same: { id: 'a' },
    anns: { id: 'b', userId: 'ann' },
    none: null,
    noText: null,
    byId: { key: 'k' },
  });
  expect(calls).toContainEqual([
    'findByKeys',
    [
      { key: 'k', ownerId: null },
      { key: 'k', ownerId: 'ann' },
      { key: 'none', ownerId: null },
    ],
  ]);
  expect(calls.map(([name]) => name).toSorted()).toEqual(['findByKeys', 'findMany']);
});

test.each([
  ['{ session { id } }', 'session: expected either an id or a key, got neither.'],
  ['{ session(id: "a", key: "k") { id } }', 'session: expected either an id or a key, got both.'],
  [
    '{ session(id: "a", ownerId: "ann") { id } }',
    'ownerId: expected nothing beside an id, which is unique in the store, got a user.',
  ],
])('a session must be named in one way: %s', async (query, message) => {
  const { repository, calls } = watched(await openTestRepository());
  const { data, errors } = await createApi(repository).send(query);
  expect(data).toBeFalsy();
  expect(errors![0]).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  expect(calls).toEqual([]);
});

test('createSession refuses a key that is taken, or answers with the session that has it', async () => {
  const api = createApi(await openTestRepository());
  const create = async (input: object) => (await api.query(CREATE, { input })).createSession;
  const session = { id: 'a', key: 'k', title: 'first', version: 1 };
  expect(await create({ id: 'a', key: 'k', title: 'first' })).toEqual({
    __typename: 'CreateSessionPayload',
    isNew: true,
    session,
  });
  expect(await create({ key: 'k' })).toEqual({
    __typename: 'SessionExistsError',
    message: 'The key "k" is taken: the session "a" has it. Choose another, or use that session.',
    sessionId: null,
    key: 'k',
  });
  const again = { __typename: 'CreateSessionPayload', isNew: false, session };
  expect(await create({ key: 'k', title: 'second', ifExists: 'RETURN' })).toEqual(again);
  expect(await create({ id: 'a', ifExists: 'RETURN' })).toEqual(again);
  expect(await create({ ifExists: 'RETURN' })).toEqual({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', 'ifExists'], message: expect.stringContaining('an "id" or a "key"') }],
  });
});

test('what RETURN cannot return is a SessionExistsError that names it', async () => {
  const store = await openTestRepository();
  for (const id of ['a', 'b', 'gone']) await store.create({ id, key: `key of ${id}` });
  await store.delete({ sessionId: 'gone', mode: 'RESTRICT' });
  const api = createApi(store);
  const create = async (input: { id?: string; key?: string }) =>
    (await api.query(CREATE, { input: { ...input, ifExists: 'RETURN' } })).createSession;
  const refused = { __typename: 'SessionExistsError', message: expect.any(String) };
  expect(await create({ id: 'gone' })).toEqual({ ...refused, sessionId: 'gone', key: null });
  expect(await create({ id: 'a', key: 'key of b' })).toEqual({ ...refused, sessionId: 'a', key: 'key of b' });
  const { spawnSession } = await api.query(SPAWN, { input: { parentId: 'b', id: 'a', ifExists: 'RETURN' } });
  expect(spawnSession).toEqual({ ...refused, sessionId: 'a', key: null });
  expect(await create({ key: 'key of gone' })).toMatchObject({ isNew: true });
});

test('a retry of createSession answers as the first time, whatever ifExists was', async () => {
  const api = createApi(await openTestRepository());
  const create = async (input: object) => (await api.query(CREATE, { input })).createSession;
  const input = { key: 'k', ifExists: 'RETURN', operationId: '1' };
  const first = await create(input);
  expect(first).toMatchObject({ isNew: true });
  expect(await create(input)).toEqual(first);
  expect(await create({ ...input, ifExists: 'ERROR' })).toMatchObject({ __typename: 'ConflictError' });
  const plain = await create({ key: 'l', operationId: '2' });
  expect(await create({ key: 'l', operationId: '2', ifExists: 'ERROR' })).toEqual(plain);
});

test('spawnSession gets the child that has the key in the trees of the root’s user', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root', userId: 'ann' });
  await store.create({ id: 'other', parentId: 'root', userId: 'bob' });
  const api = createApi(store);
  const spawn = async (input: { parentId: string; key: string; ifExists: 'RETURN' }) =>
    (await api.query(SPAWN, { input })).spawnSession;
  const input = { parentId: 'other', key: 'k', ifExists: 'RETURN' } as const;
  const first = await spawn(input);
  expect(first).toMatchObject({
    isNew: true,
    session: { key: 'k', userId: 'bob' },
    parent: { id: 'other' },
  });
  expect(await spawn(input)).toEqual({ ...first, isNew: false });
  expect(await spawn({ ...input, parentId: 'root' })).toMatchObject({
    __typename: 'SessionExistsError',
    message: expect.stringContaining('is a child of "other"'),
    sessionId: null,
    key: 'k',
  });
  expect(await spawn({ ...input, parentId: 'none' })).toMatchObject({ __typename: 'SessionNotFoundError' });
});

test('updateSession and forkSession set keys, and refuse those that are taken', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', key: 'k' });
  await store.create({ id: 'b' });
  const api = createApi(store);
  const update = async (input: { sessionId: string; key?: string | null }) =>
    (await api.query(UPDATE, { input })).updateSession;
  const taken = { __typename: 'SessionExistsError', sessionId: null, key: 'k' };
  expect(await update({ sessionId: 'b', key: 'k' })).toEqual(taken);
  expect(await update({ sessionId: 'b', key: 'l' })).toMatchObject({ session: { key: 'l', version: 2 } });
  expect(await update({ sessionId: 'b' })).toMatchObject({ session: { key: 'l', version: 3 } });
  expect(await update({ sessionId: 'b', key: null })).toMatchObject({ session: { key: null, version: 4 } });
  const fork = async (key: string | null) =>
    (await api.query(FORK, { input: { sessionId: 'a', key } })).forkSession;
  expect(await fork('k')).toEqual(taken);
  expect(await fork('l')).toMatchObject({ session: { key: 'l' } });
  expect(await fork(null)).toMatchObject({ session: { key: null } });
});

test('a move to an owner who has a session with the same key is a conflict that names it', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'ann', userId: 'ann', key: 'k' });
  await store.create({ id: 'bob', userId: 'bob', key: 'k' });
  const { moveSession } = await createApi(store).query(MOVE, {
    input: { sessionId: 'bob', parentId: 'ann' },
  });
  expect(moveSession).toEqual({
    __typename: 'ConflictError',
    message:
      'The session "bob" would come to the owner of "ann", which has the same key "k". Change or remove one of the keys first.',
    reason: 'KEY',
    key: 'k',
  });
});

test('a key has at least one character, at most keyBytes, and is text that can be stored', async () => {
  const api = createApi(await openTestRepository());
  const faultOf = async (key: string) => {
    const { createSession } = await api.query(CREATE, { input: { key } });
    return createSession.__typename === 'InvalidInputError' ? createSession.issues[0]!.message : null;
  };
  expect(await faultOf('')).toBe('expected at least one character, got an empty string');
  expect(await faultOf('é'.repeat(512))).toBeNull();
  expect(await faultOf('é'.repeat(513))).toContain('(the limit keyBytes)');
  expect(await faultOf('\0')).toContain('NUL');
  expect(await faultOf('\ud800')).toContain('half of a surrogate pair');
});

test('sessions are listed by the beginning of their keys', async () => {
  const store = await openTestRepository();
  for (const key of ['a/1', 'a/2', 'b', null]) await store.create({ key });
  const { data } = await createApi(store).send(`{
    sessions(filter: { keyPrefix: "a/" }, orderBy: { field: CREATED_AT, direction: ASC }) { totalCount nodes { key } }
  }`);
  expect(data).toEqual({ sessions: { totalCount: 2, nodes: [{ key: 'a/1' }, { key: 'a/2' }] } });
});
