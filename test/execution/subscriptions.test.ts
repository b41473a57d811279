import {
  type ExecutionArgs,
  executeSubscriptionEvent,
  parse,
  validate,
  validateSubscriptionArgs,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { executeEvent, prepareSubscription } from '../../src/execution/subscribe.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createContext } from '../../src/schema/context.ts';
import { changesCursor } from '../../src/schema/cursor.ts';
import { schema } from '../../src/schema/index.ts';
import { readChanges } from '../../src/schema/live/changes.ts';
import { useVariedStore } from './store.ts';

const store = useVariedStore();

/** An event with everything that ever happened in the store. */
function everything() {
  const { repository } = store;
  const after = changesCursor(repository).encode('0');
  return readChanges({ repository, limits: DEFAULT_LIMITS, within: null }, { after });
}

const contextOf = () => createContext({ repository: store.repository, limits: DEFAULT_LIMITS });

function argsFor(query: string, variableValues?: Record<string, unknown>): ExecutionArgs {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  return { schema, document, variableValues, contextValue: contextOf() };
}

const HISTORY =
  'history(first: 3) { totalCount edges { cursor node { id role content payload metadata usage { costUsd } } } }';

describe('an event is answered as graphql-js answers it:', () => {
  test.each([
    [
      'all fields',
      `{ sessionChanges { __typename cursor isUpToDate isReset changes { __typename kind sessionId formerParentId fromPosition session { id title ${HISTORY} } messages { id content session { id parent { id } } } } } }`,
    ],
    [
      'aliases and fragments',
      '{ a: sessionChanges { ...One ... on SessionChanges { changes { s: session { id } s: session { title } first: messages(first: 1) { id } none: messages(first: 0) { id } } } } } fragment One on SessionChanges { changes { kind } }',
    ],
    [
      'a fragment at the root',
      '{ ...Root } fragment Root on Subscription { sessionChanges { changes { sessionId } } }',
    ],
    [
      'directives',
      '{ sessionChanges { cursor @include(if: false) changes { kind @skip(if: true) sessionId } } }',
    ],
  ])('%s', async (_which, selection) => {
    const rootValue = await everything();
    expect(rootValue.changes.length).toBeGreaterThan(10);
    const args = { ...argsFor(`subscription ${selection}`), rootValue };
    const validated = validateSubscriptionArgs({ ...args, contextValue: contextOf() });
    if (!('schema' in validated)) throw new Error(`Expected valid arguments, got ${validated.join()}`);
    const byTheBook = await executeSubscriptionEvent(validated);
    expect(byTheBook.errors).toBeUndefined();
    expect(JSON.stringify(await execute(args))).toBe(JSON.stringify(byTheBook));
  });
});

test('a subscription tells its field, and the arguments with their variables', () => {
  const query =
    'subscription ($id: ID = "root", $after: String) { a: sessionChanges(within: $id, after: $after) { cursor } }';
  expect(prepareSubscription(argsFor(query))).toMatchObject({
    field: 'sessionChanges',
    fieldArguments: { within: 'root' },
  });
  expect(prepareSubscription(argsFor(query, { id: 'a', after: null }))).toMatchObject({
    fieldArguments: { within: 'a', after: null },
  });
  expect(prepareSubscription(argsFor(query, { id: {} }))).toMatchObject({
    errors: [{ message: expect.stringContaining('Variable "$id"') }],
  });
});

test('what is no subscription is not prepared as one', () => {
  expect(() => prepareSubscription(argsFor('{ __typename }'))).toThrow('Expected a subscription, got query.');
});

test('an event of which no part fits the budget is answered with its error', async () => {
  const query = 'subscription { sessionChanges { changes { session { id } } } }';
  const subscription = prepareSubscription(argsFor(query));
  if (subscription.errors) throw new Error('Expected a valid subscription.');
  const small = () =>
    createContext({ repository: store.repository, limits: { ...DEFAULT_LIMITS, objects: 0 } });
  const { event, result } = await executeEvent(subscription, await everything(), small);
  expect(new Set(event.changes.map(({ sessionId }) => sessionId)).size).toBe(1);
  expect(result).toMatchObject({ data: null, errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }] });
});
