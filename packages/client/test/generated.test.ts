import { readFileSync } from 'node:fs';
import { buildSchema, getOperationAST, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { generateClient } from '../../../codegen/client/generate.ts';
import { isPlanned } from '../../../src/execution/is-planned.ts';
import * as errors from '../src/errors.ts';
import * as operations from '../src/generated/operations.ts';
import { mutationText } from '../src/mutation-text.ts';

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));

test.each(Object.entries(generateClient()))(
  'generated/%s is what schema.graphql says: `npm run codegen` writes it anew',
  (name, text) => {
    expect(readFileSync(new URL(`../src/generated/${name}`, import.meta.url), 'utf8')).toBe(text);
  },
);

const { ERRORS: _, PAYLOADS, ...texts } = operations;
const mutations = Object.keys(PAYLOADS) as (keyof operations.Mutations)[];
const all = [...Object.entries(texts), ...mutations.map((name) => [name, mutationText(name)] as const)];

describe.each(all)('%s', (_, text) => {
  test('is valid, and the server follows a plan for it', () => {
    const document = parse(text);
    expect(validate(schema, document)).toEqual([]);
    expect(isPlanned(document, getOperationAST(document)!)).toBe(true);
  });
});

test('every typed error of the schema has a class of its name', () => {
  const types = schema.getPossibleTypes(schema.getType('Error') as never).map(({ name }) => name);
  expect(types.length).toBeGreaterThan(5);
  for (const type of types) {
    const error = errors.mutationError({ __typename: type, message: 'no' });
    expect(error.constructor.name).toBe(type);
    expect(error.name).toBe(type);
  }
});
