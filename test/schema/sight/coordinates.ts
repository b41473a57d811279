import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { schema } from '../../../src/schema/index.ts';

const FOUND = new Set(['Session', 'Message', 'Node']);
/** Texts that name a session or a message, or a place in a list of them, or whose they are. */
const NAMES = /^(key|keys|keyPrefix|ownerId|userId|parentKey|after|before|query)$/;
/** Inputs whose texts are compared with what is stored. */
const FILTERS = new Set(['SessionFilter', 'ChildFilter']);

/** True if a value of this type leads to a session or a message. */
function leads(type: GraphQLNamedType, seen = new Set<string>()): boolean {
  if (FOUND.has(type.name)) return true;
  if (seen.has(type.name)) return false;
  seen.add(type.name);
  if (isAbstractType(type)) return schema.getPossibleTypes(type).some((one) => leads(one, seen));
  return isObjectType(type) && fieldsOf(type).some(([, field]) => leads(getNamedType(field.type), seen));
}

const fieldsOf = (type: GraphQLNamedType): [string, GraphQLField<unknown, unknown>][] =>
  isObjectType(type) ? Object.entries(type.getFields()) : [];

const isNaming = (name: string, type: GraphQLInputType) =>
  getNamedType(type).name === 'ID' || NAMES.test(name);

/** All fields that lead to a session or a message, and all arguments and members of inputs that can name one. */
export function coordinatesToVisit(): string[] {
  const found: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    const isRoot = ['Query', 'Mutation', 'Subscription'].includes(type.name);
    for (const [name, field] of fieldsOf(type)) {
      if (!isRoot && !leads(getNamedType(field.type))) continue;
      found.push(`${type.name}.${name}`);
      for (const argument of field.args)
        if (isNaming(argument.name, argument.type)) found.push(`${type.name}.${name}(${argument.name}:)`);
    }
    if (!isInputObjectType(type)) continue;
    for (const [name, field] of Object.entries(type.getFields()))
      if (
        isNaming(name, field.type) ||
        (FILTERS.has(type.name) && getNamedType(field.type).name === 'String')
      )
        found.push(`${type.name}.${name}`);
  }
  return found.sort();
}

/** The fields, arguments and members of inputs that a document has. */
export function coordinatesIn(document: DocumentNode): string[] {
  const info = new TypeInfo(schema);
  const found: string[] = [];
  visit(
    document,
    visitWithTypeInfo(info, {
      Field({ name }) {
        found.push(`${info.getParentType()?.name}.${name.value}`);
      },
      Argument({ name }) {
        found.push(`${info.getParentType()?.name}.${info.getFieldDef()?.name}(${name.value}:)`);
      },
      ObjectField({ name }) {
        const parent = info.getParentInputType();
        if (parent) found.push(`${getNamedType(parent).name}.${name.value}`);
      },
    }),
  );
  return found;
}
