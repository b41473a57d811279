import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const EVERY_CONFLICT = graphql(`
  mutation EveryConflict($op: ID!) {
    created: createSession(input: { operationId: $op }) { ...Conflict }
    sent: sendMessage(input: { sessionId: "a", message: "m", response: "r", operationId: $op }) { ...Conflict }
    appended: appendMessages(
      input: { sessionId: "a", messages: [{ role: USER, content: "m" }], operationId: $op }
    ) { ...Conflict }
    written: writeHistory(input: { key: "none", operationId: $op }) { ...Conflict }
    spawned: spawnSession(input: { parentId: "a", operationId: $op }) { ...Conflict }
    updated: updateSession(input: { sessionId: "a", expectedVersion: 9, operationId: $op }) { ...Conflict }
    deleted: deleteSession(input: { sessionId: "a", operationId: $op }) { ...Conflict }
  }

  fragment Conflict on ConflictError { __typename reason expectedVersion actualVersion }
`);

test('an operation id that another mutation used is a ConflictError of every mutation, before any version', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a' }, { id: 'op', fingerprint: '0'.repeat(32) });
  const conflict = {
    __typename: 'ConflictError',
    reason: 'OPERATION',
    expectedVersion: null,
    actualVersion: null,
  };
  expect(await createApi(store).query(EVERY_CONFLICT, { op: 'op' })).toEqual({
    created: conflict,
    sent: conflict,
    appended: conflict,
    written: conflict,
    spawned: conflict,
    updated: conflict,
    deleted: conflict,
  });
  expect(await store.findMany(['a'])).toMatchObject([{ version: 1, childCount: 0 }]);
});
