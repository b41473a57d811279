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

test('every type, field, argument, input field and enum value is described', () => {
  const described = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .flatMap((type): Described[] => [{ path: type.name, description: type.description }, ...members(type)]);
  expect(described.length).toBeGreaterThan(200);
  expect(described.filter(({ description }) => !description).map(({ path }) => path)).toEqual([]);
});
