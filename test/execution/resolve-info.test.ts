import {
  type DocumentNode,
  defaultFieldResolver,
  execute as executeByTheBook,
  type GraphQLResolveInfo,
  isInterfaceType,
  isObjectType,
  isUnionType,
  parse,
  responsePathAsArray,
  validate,
} from 'graphql';
import { createSchema } from 'graphql-yoga';
import { expect, test } from 'vitest';
import { createExecute, execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createContext } from '../../src/schema/context.ts';
import { useVariedStore } from './store.ts';

const store = useVariedStore();

const told: GraphQLResolveInfo[] = [];

const pair = (id: number) => [
  { id, kind: 'Leaf', pair: [] },
  Promise.resolve({ id, kind: 'Stone', pair: [] }),
];

/** Each resolver and each `resolveType` records its `info`. */
const schema = createSchema<unknown>({
  typeDefs: `
    type Query { thing(id: Int, ids: [Int!]): Thing! later: [[Thing!]] either: Either }
    interface Thing { id: Int! pair(first: Int = 2): [Thing!]! }
    type Leaf implements Thing { id: Int! pair(first: Int = 2): [Thing!]! }
    type Stone implements Thing { id: Int! pair(first: Int = 2): [Thing!]! weight: Float }
    union Either = Leaf | Stone
  `,
  resolvers: {
    Query: {
      thing: () => ({ id: 1, kind: 'Stone', pair: pair(2), weight: 1.5 }),
      later: async () => [pair(3), null],
      either: () => ({ id: 4, kind: 'Leaf', pair: pair(5) }),
    },
    Thing: { __resolveType: ({ kind }: { kind: string }) => kind },
    Either: { __resolveType: ({ kind }: { kind: string }) => kind },
  },
});
for (const type of Object.values(schema.getTypeMap())) {
  if (isObjectType(type) && !type.name.startsWith('__')) {
    for (const field of Object.values(type.getFields())) {
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (source, args, context, info) => {
        told.push(info);
        return resolve(source, args, context, info);
      };
    }
  }
  if (isInterfaceType(type) || isUnionType(type)) {
    const { resolveType } = type;
    type.resolveType = (value, context, info, abstract) => {
      told.push(info);
      return resolveType!(value, context, info, abstract);
    };
  }
}

const PLANNED = `
  query Q($id: Int, $ids: [Int!] = [1, 2]) {
    a: thing(id: $id, ids: $ids) { __typename ...T }
    thing(id: 7) { id }
    later { i: id pair(first: 1) { ...T } ... on Stone { weight } }
    either { ...L ... on Thing { id pair { id } } }
    thing(id: 7) { pair { id } }
  }
  fragment T on Thing { id pair { ...L ... on Stone { id weight w: weight } } }
  fragment L on Leaf { id pair { id } }
`;

const WITH_DIRECTIVES = `
  query ($id: Int, $yes: Boolean = true) {
    thing(id: $id) { id @skip(if: $yes) ...F @include(if: $yes) }
    later { pair @include(if: false) { id } id }
  }
  fragment F on Thing { pair { i: id } }
`;

const ROOT = { root: true };

/** Members that must be the same objects as those of graphql-js. */
const SAME = ['fieldName', 'returnType', 'parentType', 'schema', 'operation', 'rootValue'] as const;
const EQUAL = ['path', 'fragments', 'variableValues'] as const;
const FUNCTIONS = ['getAbortSignal', 'getAsyncHelpers'] as const;

/** The recorded `info` objects, in the order of their places in the answer. */
async function toldBy(by: typeof execute, document: DocumentNode): Promise<GraphQLResolveInfo[]> {
  told.length = 0;
  const contextValue = createContext({ repository: store.repository, limits: DEFAULT_LIMITS });
  const variableValues = { id: 1 };
  const result = await by({ schema, document, contextValue, rootValue: ROOT, variableValues });
  expect(result.errors).toBeUndefined();
  const place = (info: GraphQLResolveInfo) => responsePathAsArray(info.path).join('.');
  return [...told].sort((one, other) => place(one).localeCompare(place(other)));
}

test.each([
  ['a plan', execute, PLANNED],
  ['a plan whose selections are compiled', createExecute(1), PLANNED],
  ['what is executed without a plan', execute, WITH_DIRECTIVES],
])('%s tells resolvers all that graphql-js tells them', async (_name, by, query) => {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const expected = await toldBy(executeByTheBook as typeof execute, document);
  const actual = await toldBy(by, document);
  expect(expected.length).toBeGreaterThan(5);
  expect(actual.length).toBe(expected.length);
  for (const [n, book] of expected.entries()) {
    const info = actual[n]!;
    expect(Object.keys(book).sort()).toEqual([...SAME, ...EQUAL, 'fieldNodes', ...FUNCTIONS].sort());
    for (const member of SAME) expect(info[member], member).toBe(book[member]);
    for (const member of EQUAL) expect(info[member], member).toEqual(book[member]);
    expect(info.fieldNodes.length).toBe(book.fieldNodes.length);
    for (const [at, node] of info.fieldNodes.entries()) expect(node).toBe(book.fieldNodes[at]);
    for (const member of FUNCTIONS) expect(info[member], member).toBeTypeOf('function');
  }
});

test.each([
  ['a plan', execute],
  ['graphql-js', executeByTheBook as typeof execute],
])('%s gives resolvers a signal, aborted at the end, and helpers that take rejections', async (_name, by) => {
  const document = parse('{ later { id } either { __typename } }');
  const { later } = schema.getQueryType()!.getFields();
  const { resolve } = later!;
  const seen: boolean[] = [];
  let signal: AbortSignal | undefined;
  later!.resolve = async (source, args, context, info) => {
    const { getAbortSignal, getAsyncHelpers } = info;
    signal = getAbortSignal();
    seen.push(signal!.aborted);
    getAsyncHelpers().track([Promise.reject(new Error('nobody waits for it'))]);
    expect(await getAsyncHelpers().promiseAll([1, Promise.resolve(2)])).toEqual([1, 2]);
    seen.push(getAbortSignal()!.aborted);
    return resolve!(source, args, context, info);
  };
  try {
    await toldBy(by, document);
  } finally {
    later!.resolve = resolve!;
  }
  expect(seen).toEqual([false, false]);
  expect(signal!.aborted).toBe(true);
});
