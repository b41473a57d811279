import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { afterVariableOf } from '../../../src/server/live/after-variable.ts';

test.each<[name: string, document: string, variable: string | null]>([
  ['the variable', 'subscription ($from: String) { sessionChanges(after: $from) { cursor } }', 'from'],
  [
    'the variable in a fragment',
    'subscription ($from: String) { ...F } fragment F on Subscription { a: sessionChanges(after: $from) { cursor } }',
    'from',
  ],
  ['none', 'subscription ($within: ID) { sessionChanges(within: $within) { cursor } }', null],
  ['none where the cursor is a text', 'subscription { sessionChanges(after: "x") { cursor } }', null],
  [
    'none of another field',
    'subscription ($a: String) { sessionChanges { changes { session { children(after: $a) { totalCount } } } } }',
    null,
  ],
  [
    'none on which something else depends, too: those who share an answer would see what another asked for',
    'subscription ($a: String) { sessionChanges(after: $a) { changes { session { children(filter: { title: $a }) { totalCount } } } } }',
    null,
  ],
])('the variable of the cursor: %s', (_name, document, variable) => {
  expect(afterVariableOf(parse(document))).toBe(variable);
});
