import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const UPDATE = graphql(`
  mutation Update($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      __typename
      ... on UpdateSessionPayload { session { title metadata version lastActiveAt } }
      ... on SessionNotFoundError { sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { reason actualVersion }
    }
  }
`);

test('updateSession merges metadata, where null removes a key, and leaves what is left out', async () => {
  const store = await openTestRepository();
  const { lastActiveAt } = await store.create({
    id: 'a',
    title: 'Before',
    metadata: { keep: 1, gone: 2, deep: { x: 1, y: 2 } },
    createdAt: new Date('2026-01-01T00:00:00Z'),
  });
  const { updateSession } = await createApi(store).query(UPDATE, {
    input: { sessionId: 'a', metadata: { gone: null, deep: { y: null, z: 3 }, fresh: [null] } },
  });
  expect(updateSession).toEqual({
    __typename: 'UpdateSessionPayload',
    session: {
      title: 'Before',
      metadata: { keep: 1, deep: { x: 1, z: 3 }, fresh: [null] },
      version: 2,
      lastActiveAt: lastActiveAt.toISOString(),
    },
  });
});

test('setMetadata sets whole values, nulls kept, beside a patch of other keys', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', metadata: { set: { x: 1 }, merged: { x: 1 }, none: 1, keep: 1 } });
  const api = createApi(store);
  const update = async (input: {
    metadata?: Record<string, unknown>;
    setMetadata: Record<string, unknown>;
  }) => (await api.query(UPDATE, { input: { sessionId: 'a', ...input } })).updateSession;
  const metadata = { set: { y: null }, merged: { x: 1, y: 2 }, none: null, keep: 1 };
  expect(
    await update({ metadata: { merged: { y: 2 } }, setMetadata: { set: { y: null }, none: null } }),
  ).toMatchObject({ session: { metadata } });
  expect(await update({ metadata: { keep: null }, setMetadata: { keep: 2 } })).toEqual({
    __typename: 'InvalidInputError',
    issues: [
      {
        path: ['input', 'setMetadata', 'keep'],
        message:
          'expected a key that "metadata" does not name, got one that it names. Name each key in one of them',
      },
    ],
  });
  expect((await store.findMany(['a']))[0]).toMatchObject({ metadata, version: 2 });
});

test('a title is changed, and with null is taken away', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', title: 'Before', metadata: { keep: 1 } });
  const api = createApi(store);
  const changed = await api.query(UPDATE, { input: { sessionId: 'a', title: 'After' } });
  expect(changed.updateSession).toMatchObject({ session: { title: 'After', metadata: { keep: 1 } } });
  const taken = await api.query(UPDATE, { input: { sessionId: 'a', title: null } });
  expect(taken.updateSession).toMatchObject({ session: { title: null, version: 3 } });
});

test('updateSession that cannot be done is a typed error', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', metadata: { big: 'x'.repeat(160_000) } });
  const api = createApi(store);
  const update = async (input: {
    sessionId: string;
    metadata?: Record<string, unknown>;
    expectedVersion?: number;
  }) => (await api.query(UPDATE, { input })).updateSession;
  expect(await update({ sessionId: 'nowhere' })).toEqual({
    __typename: 'SessionNotFoundError',
    sessionId: 'nowhere',
  });
  expect(await update({ sessionId: 'a', expectedVersion: 2 })).toEqual({
    __typename: 'ConflictError',
    reason: 'VERSION',
    actualVersion: 1,
  });
  expect(await update({ sessionId: 'a', metadata: { more: 'x'.repeat(160_000) } })).toMatchObject({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', 'metadata'], message: expect.stringContaining('262144') }],
  });
});
