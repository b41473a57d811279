import { readFileSync } from 'node:fs';
import { type Change, ChangeType, CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { printedSchema } from '../../codegen/printed-schema.ts';

/** The contract without the parts marked [safe]: single lines, everything after the ruler with that mark, and the error of such parts. */
function contractSoFar(): string {
  const contract = readFileSync(new URL('../fixtures/contract.graphql', import.meta.url), 'utf8');
  const [built] = contract.split(/^# -+ \[safe\]$/m);
  const lines = built!.split('\n').filter((line) => !/#.*\[safe\]/.test(line));
  return lines.join('\n').replaceAll(' | ForbiddenError', '');
}

const ADDITIONS: ReadonlySet<string> = new Set([
  ChangeType.TypeAdded,
  ChangeType.FieldAdded,
  ChangeType.FieldArgumentAdded,
  ChangeType.InputFieldAdded,
  ChangeType.EnumValueAdded,
  ChangeType.UnionMemberAdded,
  ChangeType.ObjectTypeInterfaceAdded,
  // `@specifiedBy`
  ChangeType.DirectiveUsageScalarAdded,
  ChangeType.DirectiveUsageArgumentAdded,
]);

function isAllowed({ type, criticality }: Change): boolean {
  if (type.includes('DESCRIPTION')) return true;
  return ADDITIONS.has(type) && criticality.level !== CriticalityLevel.Breaking;
}

async function breaks(schema: GraphQLSchema): Promise<string[]> {
  const changes = await diff(buildSchema(contractSoFar()), schema);
  return changes.filter((change) => !isAllowed(change)).map((change) => change.message);
}

test('the schema keeps the contract', async () => {
  expect(await breaks(buildSchema(printedSchema()))).toEqual([]);
});

describe('a schema that breaks the contract is found out where', () => {
  const edits: [why: string, from: string | RegExp, to: string][] = [
    ['a type is missing', /union CreateSessionResult.*|.*CreateSessionResult!/g, ''],
    ['a field is missing', /^ {2}childCount: Int!$/m, ''],
    ['a field has another name', 'historyLength: Int!', 'length: Int!'],
    ['a field became nullable', 'messageCount: Int!', 'messageCount: Int'],
    ['a field is no longer nullable', 'parentId: ID ', 'parentId: ID! '],
    ['items of a list became nullable', 'damage: [Damage!]!', 'damage: [Damage]!'],
    ['a field has another type', 'createdAt: DateTime!', 'createdAt: String!'],
    ['an argument is missing', 'maxDepth: Int, ', ''],
    ['an argument has another name', 'maxDepth: Int', 'depth: Int'],
    ['an argument became required', 'roles: [MessageRole!],', 'roles: [MessageRole!]!,'],
    ['a required argument was added', 'node(id: ID!)', 'node(id: ID!, kind: String!)'],
    ['an argument has another type', 'input: CreateSessionInput!', 'input: SpawnSessionInput!'],
    ['an input field is missing', 'message: String! response: String ', 'message: String! '],
    ['an input field became required', 'rootsOnly: Boolean', 'rootsOnly: Boolean!'],
    ['a required input field was added', 'input SessionOrder {', 'input SessionOrder { nulls: Boolean!'],
    ['a default changed', 'mode: DeleteMode = RESTRICT', 'mode: DeleteMode = CASCADE'],
    ['a default is gone', 'dryRun: Boolean = false', 'dryRun: Boolean'],
    ['an enum value is missing', ' FAILED CANCELLED }', ' CANCELLED }'],
    ['a subscription is missing', 'messageStream(sessionId: ID!): MessageDraft!', ''],
    ['a union member is missing', ' | SessionHasChildrenError', ''],
    ['an interface is missing', 'type Session implements Node', 'type Session'],
  ];

  test.each(edits)('%s', async (_why, from, to) => {
    const contract = contractSoFar();
    const edited = contract.replace(from, to);
    expect(edited).not.toBe(contract);
    expect(await breaks(buildSchema(edited))).not.toEqual([]);
  });
});
