import { readFileSync } from 'node:fs';
import {
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { expect, test } from 'vitest';
import { printedSchema } from '../../codegen/printed-schema.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { schema } from '../../src/schema/index.ts';

test('schema.graphql is what the code says: `npm run codegen` prints it anew', () => {
  const stored = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  expect(stored).toBe(printedSchema());
});

interface Described {
  readonly path: string;
  readonly description?: string | null | undefined;
}

function members(type: GraphQLNamedType): Described[] {
  if (isEnumType(type)) {
    return type.getValues().map(({ name, description }) => ({ path: `${type}.${name}`, description }));
  }
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map(({ name, description }) => ({
      path: `${type}.${name}`,
      description,
    }));
  }
  if (isObjectType(type) || isInterfaceType(type)) {
    return Object.values(type.getFields()).flatMap(({ name, description, args }) => [
      { path: `${type}.${name}`, description },
      ...args.map((arg) => ({ path: `${type}.${name}(${arg.name})`, description: arg.description })),
    ]);
  }
  return [];
}

const described = Object.values(schema.getTypeMap())
  .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
  .flatMap((type): Described[] => [{ path: type.name, description: type.description }, ...members(type)]);

test('every type, field, argument, input field and enum value is described', () => {
  expect(described.length).toBeGreaterThan(200);
  expect(described.filter(({ description }) => !description).map(({ path }) => path)).toEqual([]);
});

/** What no limit changes: the form of an id, and the size of a page where none is asked for. */
const FIXED = /1 to 128 letters|50, or the limit/g;

/** The numbers in a text, however they are written: 1,000 and 1 MiB. */
function numbersIn(text: string): number[] {
  const UNITS: Record<string, number> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
  return [...text.matchAll(/(?<![\w^])(\d[\d,_]*)(?:\s*(KiB|MiB|GiB))?/g)].map(
    ([, digits, unit]) => Number(digits!.replace(/[,_]/g, '')) * (unit ? UNITS[unit]! : 1),
  );
}

test('no description states the default of a limit: `--limit` changes it', () => {
  const defaults = new Set(Object.values(DEFAULT_LIMITS));
  const stated = described.flatMap(({ path, description }) =>
    numbersIn((description ?? '').replace(FIXED, ''))
      .filter((number) => defaults.has(number))
      .map((number) => `${path}: ${number}`),
  );
  expect(stated).toEqual([]);
});

/** Of a whole request: docs/configuration.md has them. */
const OF_REQUESTS = [
  'aliases',
  'answerBytes',
  'bodyBytes',
  'bodyValues',
  'depth',
  'documentLength',
  'mutations',
  'objects',
  'readBytes',
  'requestMs',
  'textBytes',
  'tokens',
  'walkedRows',
  'writtenBytes',
];

/** Of all requests together. */
const OF_THE_SERVER = [
  'answersBytes',
  'bodiesBytes',
  'connections',
  'operations',
  'writeMs',
  'subscriptions',
  'callerSeconds',
  'callerRequests',
  'callerMutations',
  'callerBytes',
  'callerSubscriptions',
  'callerSessions',
  'socketOperations',
  'socketMessageBytes',
  'socketInitMs',
];

test('each limit of an argument or an input field is named in a description', () => {
  const text = described.map(({ description }) => description).join('\n');
  const limits = Object.keys(DEFAULT_LIMITS).filter(
    (name) => ![...OF_REQUESTS, ...OF_THE_SERVER].includes(name),
  );
  expect(limits.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
