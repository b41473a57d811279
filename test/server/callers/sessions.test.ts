import { describe, expect, test } from 'vitest';
import { until } from '../live/support.ts';
import { openCallers, type User } from './support.ts';

interface Result {
  readonly __typename: string;
  readonly message?: string;
  readonly session?: { readonly id: string };
}

const SELECTED = '{ __typename ... on Error { message } }';

async function mutate(user: User, field: string): Promise<Result> {
  const { data } = await user.post<{ made: Result }>(`mutation { made: ${field} ${SELECTED} }`);
  return data!.made;
}

const create = (id: string, more = '') => `createSession(input: { id: "${id}" ${more} })`;
const CREATED = { __typename: 'CreateSessionPayload' };
const FORBIDDEN = {
  __typename: 'ForbiddenError',
  message: expect.stringMatching(/at most 3 sessions .*callerSessions.*Delete some/),
};

describe('a caller whose user has as many sessions as it may', () => {
  const full = async () => {
    const server = await openCallers({ callerSessions: 3 });
    const { ada } = server;
    expect(await mutate(ada, create('root', 'operationId: "first"'))).toEqual(CREATED);
    expect(await mutate(ada, 'spawnSession(input: { id: "child", parentId: "root" })')).toEqual({
      __typename: 'SpawnSessionPayload',
    });
    expect(await mutate(ada, create('other'))).toEqual(CREATED);
    return server;
  };

  test('can make none in any way, and another user can', async () => {
    const { ada, bob } = await full();
    for (const field of [
      create('more'),
      'spawnSession(input: { id: "more", parentId: "root" })',
      'forkSession(input: { id: "more", sessionId: "child" })',
      'writeHistory(input: { sessionId: "more", create: {} })',
    ])
      expect(await mutate(ada, field), field).toEqual(FORBIDDEN);
    expect(await ada.post('{ session(id: "more") { id } sessions { totalCount } }')).toMatchObject({
      data: { session: null, sessions: { totalCount: 3 } },
    });
    expect(await mutate(bob, create('bobs'))).toEqual(CREATED);
  });

  test('can retry what was done, and write to what is there', async () => {
    const { ada } = await full();
    expect(await mutate(ada, create('root', 'operationId: "first"'))).toEqual(CREATED);
    expect(await mutate(ada, create('other', 'ifExists: RETURN'))).toEqual(CREATED);
    expect(await mutate(ada, 'writeHistory(input: { sessionId: "other", title: "t", create: {} })')).toEqual({
      __typename: 'WriteHistoryPayload',
    });
  });

  test('can make another one after a deletion', async () => {
    const { ada } = await full();
    expect(await mutate(ada, create('more'))).toEqual(FORBIDDEN);
    await mutate(ada, 'deleteSession(input: { sessionId: "root", mode: CASCADE })');
    await until(async () => (await mutate(ada, create('more'))).__typename === CREATED.__typename, 'a place');
    expect(await mutate(ada, create('one-more'))).toEqual(CREATED);
    expect(await mutate(ada, create('too-many'))).toEqual(FORBIDDEN);
  });

  test('is no admin: an admin makes as many as are needed', async () => {
    const { user } = await full();
    const admin = await user('ada', 'admin');
    expect(await mutate(admin, create('more'))).toEqual(CREATED);
  });
});

test('creations at once make no more than there may be', async () => {
  const { ada } = await openCallers({ callerSessions: 3 });
  const made = await Promise.all(Array.from({ length: 20 }, (_, n) => mutate(ada, create(`s${n}`))));
  expect(made.filter(({ __typename }) => __typename === CREATED.__typename)).toHaveLength(3);
});

test('what a refused creation had counted is given back', async () => {
  const { ada } = await openCallers({ callerSessions: 3 });
  expect(await mutate(ada, create('one'))).toEqual(CREATED);
  for (let n = 0; n < 5; n += 1)
    expect(
      await mutate(ada, 'forkSession(input: { sessionId: "one", throughMessageId: "one:9" })'),
    ).toMatchObject({ __typename: 'InvalidInputError' });
  expect(await mutate(ada, create('two'))).toEqual(CREATED);
  expect(await mutate(ada, create('three'))).toEqual(CREATED);
});
