import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  validateSchema,
} from 'graphql16';
import { beforeAll, describe, expect, test } from 'vitest';
import { openTestServer } from '../server/support.ts';

const SCHEMA_FILE = new URL('../../schema.graphql', import.meta.url);

/** Sections 3 and 4 of the specification of October 2021: https://spec.graphql.org/October2021/ */
const OCTOBER_2021 = {
  locations: [
    ...['QUERY', 'MUTATION', 'SUBSCRIPTION', 'FIELD', 'FRAGMENT_DEFINITION', 'FRAGMENT_SPREAD'],
    ...['INLINE_FRAGMENT', 'VARIABLE_DEFINITION', 'SCHEMA', 'SCALAR', 'OBJECT', 'FIELD_DEFINITION'],
    ...['ARGUMENT_DEFINITION', 'INTERFACE', 'UNION', 'ENUM', 'ENUM_VALUE', 'INPUT_OBJECT'],
    'INPUT_FIELD_DEFINITION',
  ],
  kinds: ['SCALAR', 'OBJECT', 'INTERFACE', 'UNION', 'ENUM', 'INPUT_OBJECT', 'LIST', 'NON_NULL'],
  directives: ['skip', 'include', 'deprecated', 'specifiedBy'],
};

let introspection: IntrospectionQuery;

beforeAll(async () => {
  const { post } = await openTestServer();
  const query = getIntrospectionQuery({
    schemaDescription: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
  });
  const { data, errors } = (await (await post(query)).json()) as {
    data: IntrospectionQuery;
    errors: unknown;
  };
  expect(errors).toBeUndefined();
  introspection = data;
});

/** The `kind` of a type and of all types that it wraps. */
function kindsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { kind } = value as { kind?: unknown };
  const below = Object.values(value).flatMap(kindsIn);
  return typeof kind === 'string' ? [kind, ...below] : below;
}

describe('a client of the October 2021 specification', () => {
  test('knows all directives, and all their locations', () => {
    const { directives } = introspection.__schema;
    expect(directives.map(({ name }) => name).toSorted()).toEqual(OCTOBER_2021.directives.toSorted());
    const locations = directives.flatMap(({ locations }) => locations);
    expect(OCTOBER_2021.locations).toEqual(expect.arrayContaining(locations));
  });

  test('knows all kinds of types', () => {
    expect(OCTOBER_2021.kinds.toSorted()).toEqual([...new Set(kindsIn(introspection))].toSorted());
  });

  test('builds the schema from introspection: graphql-js 16', () => {
    expect(validateSchema(buildClientSchema(introspection))).toEqual([]);
  });

  test('builds the schema from schema.graphql: graphql-js 16', () => {
    expect(validateSchema(buildSchema(readFileSync(SCHEMA_FILE, 'utf8')))).toEqual([]);
  });

  test('builds the schema from both: graphql-core', ({ skip }) => {
    const hasCore = spawnSync('python3', ['-c', 'import graphql']).status === 0;
    skip(!hasCore, 'there is no python3 with graphql-core');
    const program = [
      'import json, sys',
      'from graphql import build_client_schema, build_schema, validate_schema',
      'built = [build_client_schema(json.load(sys.stdin)), build_schema(open(sys.argv[1]).read())]',
      'print([validate_schema(schema) for schema in built])',
    ].join('\n');
    const output = execFileSync('python3', ['-c', program, SCHEMA_FILE.pathname], {
      input: JSON.stringify(introspection),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    expect(output.trim()).toBe('[[], []]');
  });
});

test('the schema says what it is, and every scalar of its own by what it is specified', () => {
  expect(introspection.__schema.description).toContain('sessions');
  const standard = ['ID', 'String', 'Int', 'Float', 'Boolean'];
  const specified = introspection.__schema.types.flatMap((type) =>
    type.kind === 'SCALAR' && !standard.includes(type.name) ? [[type.name, type.specifiedByURL]] : [],
  );
  expect(specified).toEqual([
    ['DateTime', expect.stringMatching(/^https:/)],
    ['JSON', expect.stringMatching(/^https:/)],
    ['JSONObject', expect.stringMatching(/^https:/)],
    ['SafeInt', expect.stringMatching(/^https:/)],
  ]);
});
