import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { payloadShapes } from './operations.ts';
import type { Shape, Shapes } from './shapes.ts';

/** The TypeScript types of scalars in answers. */
const SCALARS: Record<string, string> = {
  ID: 'string',
  String: 'string',
  Int: 'number',
  Float: 'number',
  Boolean: 'boolean',
  SafeInt: 'number',
  DateTime: 'string',
  JSON: 'unknown',
  JSONObject: 'Record<string, unknown>',
};

/** In inputs, JSON.stringify writes a Date as the server reads it. */
const INPUT_SCALARS: Record<string, string> = { ...SCALARS, DateTime: 'string | Date' };

/** The fields of whose arguments the client has types, each with the name of its interface. */
const ARGUMENTS = [
  ['Query', 'session', 'SessionArguments'],
  ['Query', 'sessions', 'SessionsArguments'],
  ['Session', 'history', 'HistoryArguments'],
  ['Query', 'searchMessages', 'SearchMessagesArguments'],
  ['Query', 'usageReport', 'UsageReportArguments'],
] as const;

/** The interfaces of all that the client sends and gets, with the descriptions of the schema. */
export function createTypes(schema: GraphQLSchema, shapes: Shapes): string[] {
  const fieldOf = (type: string, field: string) =>
    (schema.getType(type) as GraphQLObjectType).getFields()[field]!;
  const inputs = new Map<string, GraphQLNamedType>();
  const collect = (type: GraphQLInputType) => {
    const named = getNamedType(type);
    if (inputs.has(named.name)) return;
    if (isEnumType(named)) inputs.set(named.name, named);
    if (!isInputObjectType(named)) return;
    inputs.set(named.name, named);
    for (const { type } of Object.values(named.getFields())) collect(type);
  };
  for (const mutation of Object.keys(payloadShapes(shapes)))
    for (const { type } of fieldOf('Mutation', mutation).args) collect(type);
  for (const [type, field] of ARGUMENTS) for (const arg of fieldOf(type, field).args) collect(arg.type);
  for (const name of ['ConflictReason', 'SessionChangeKind'])
    collect(schema.getType(name) as GraphQLInputType);

  const { session, message, writtenSession, writtenMessage, sessionOfHit, snippetPart, usageGroup, errors } =
    shapes;
  const { sessionChanges, messageDraft } = shapes;
  const payloads = Object.values(payloadShapes(shapes));
  const outputs = new Map<string, Shape>();
  const reach = (shape: Shape) => {
    outputs.set(shape.name, shape);
    for (const nested of shape.fields.values()) if (nested) reach(nested);
  };
  const all = [
    session,
    message,
    writtenSession,
    writtenMessage,
    sessionOfHit,
    snippetPart,
    usageGroup,
    sessionChanges,
    messageDraft,
    ...payloads,
    ...errors,
  ];
  for (const shape of all) reach(shape);
  return [
    ...[...outputs.values()].map((shape) => outputInterface(schema, shape)),
    ...[...inputs.values()].map((type) => inputType(type)),
    ...ARGUMENTS.map(([type, field, name]) => argumentsInterface(name, fieldOf(type, field))),
  ];
}

function outputInterface(schema: GraphQLSchema, shape: Shape): string {
  const type = schema.getType(shape.on) as GraphQLObjectType;
  const members = [...shape.fields].map(([name, nested]) => {
    const field = type.getFields()[name]!;
    const mark = shape.optional.includes(name) ? '?' : '';
    return `${comment(field.description, '  ')}  readonly ${name}${mark}: ${outputOf(field.type, nested)};`;
  });
  // An error is known by its class: its fields are what the class has to have.
  const isError = type.getInterfaces().some(({ name }) => name === 'Error');
  return `${comment(type.description)}export interface ${shape.name}${isError ? 'Fields' : ''} {\n${members.join('\n')}\n}`;
}

function outputOf(type: GraphQLOutputType, nested: Shape | null): string {
  if (isNonNullType(type)) return bare(type.ofType, nested);
  return `${bare(type, nested)} | null`;
}

function bare(type: GraphQLOutputType, nested: Shape | null): string {
  if (isListType(type)) return `readonly ${wrapped(outputOf(type.ofType, nested))}[]`;
  const { name } = getNamedType(type);
  return nested?.name ?? SCALARS[name] ?? name;
}

function inputType(type: GraphQLNamedType): string {
  if (isEnumType(type)) {
    const values = type.getValues().map(({ name }) => `'${name}'`);
    return `${comment(type.description)}export type ${type.name} = ${values.join(' | ')};`;
  }
  if (!isInputObjectType(type)) throw new Error(`Expected an input or an enum, got ${type}.`);
  const members = Object.values(type.getFields()).map(
    (field) =>
      `${comment(field.description, '  ')}  readonly ${field.name}${isRequiredInputField(field) ? '' : '?'}: ${inputOf(field.type)};`,
  );
  return `${comment(type.description)}export interface ${type.name} {\n${members.join('\n')}\n}`;
}

function argumentsInterface(name: string, { args }: GraphQLField<unknown, unknown>): string {
  const members = args.map(
    (arg) =>
      `${comment(arg.description, '  ')}  readonly ${arg.name}${isRequiredArgument(arg) ? '' : '?'}: ${inputOf(arg.type)};`,
  );
  return `export interface ${name} {\n${members.join('\n')}\n}`;
}

function inputOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return bareInput(type.ofType);
  return `${bareInput(type)} | null`;
}

function bareInput(type: GraphQLInputType): string {
  if (isListType(type)) return `readonly ${wrapped(inputOf(type.ofType))}[]`;
  const { name } = getNamedType(type);
  return INPUT_SCALARS[name] ?? name;
}

const wrapped = (type: string) => (type.includes(' ') ? `(${type})` : type);

/** A description as a docstring, with an end of the line behind it. */
function comment(description: string | null | undefined, indentation = ''): string {
  if (!description) return '';
  const lines = description.replaceAll('*/', '*\\/').split('\n');
  if (lines.length === 1) return `${indentation}/** ${lines[0]} */\n`;
  return [
    `${indentation}/**`,
    ...lines.map((line) => `${indentation} * ${line}`),
    `${indentation} */\n`,
  ].join('\n');
}
