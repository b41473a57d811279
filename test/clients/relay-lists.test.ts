import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  type ConcreteRequest,
  type Environment,
  fetchQuery,
  type RecordSourceProxy,
  type Variables,
} from 'relay-runtime';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type ClientProject, complaints, openProject } from './files.ts';
import { growLists, type ListAnswer, rowsIn, type Screen, TREES, testLists } from './lists.ts';
import { ALL_MUTATIONS, documentOf, outlineMutations, outlineQuery } from './mutations.ts';

const { commitMutation, ConnectionHandler, createOperationDescriptor, getRequest } = createRequire(
  import.meta.url,
)('relay-runtime') as typeof import('relay-runtime');

let complained: unknown[][];
let project: ClientProject;
let environment: Environment;
let updater: (store: RecordSourceProxy, data: unknown) => void;

const connectionOf = (field: string) => ` @connection(key: "Mutations_${field}", filters: [])`;
const OUTLINE_MUTATIONS = outlineMutations(connectionOf);
const COMPILED = [...ALL_MUTATIONS, ...OUTLINE_MUTATIONS];
const nameOf = (n: number) => `Mutations${n}Mutation`;

/** The directives that change one list each. */
const DIRECTIVES = [
  `mutation MutationsAppendMutation($lists: [ID!]!) {
    spawnSession(input: { id: "spawned", parentId: "trip" }) {
      ... on SpawnSessionPayload { edge @appendEdge(connections: $lists) { node { id title status metadata } } }
    }
  }`,
  `mutation MutationsDeleteMutation($lists: [ID!]!) {
    deleteSession(input: { sessionId: "flights", mode: CASCADE }) {
      ... on DeleteSessionPayload { deletedIds @deleteEdge(connections: $lists) }
    }
  }`,
];

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await growLists(project);
  const documents = [
    outlineQuery(connectionOf, 'MutationsOutlineQuery'),
    ...COMPILED.map((mutation, n) => documentOf(mutation, nameOf(n))),
    ...DIRECTIVES,
  ].map((document) => `graphql\`${document}\`;`);
  const imports = "import { graphql } from 'relay-runtime';";
  await writeFile(join(project.directory, 'src/Mutations.ts'), [imports, ...documents].join('\n'));
  await project.run('relay-compiler');
  ({ environment } = await project.load<{ environment: Environment }>('src/environment.ts'));
  ({ updater } = await project.load<{ updater: typeof updater }>('src/relay-lists.ts'));
});

/** An operation as the compiler has made it. */
const load = async (name: string) =>
  (await project.load<{ default: ConcreteRequest }>(`src/__generated__/${name}.graphql.ts`)).default;

/** Shows a list; returns a function that gets the rows on the screen, without a request. */
async function show(name: string, variables: Variables = {}): Promise<() => unknown> {
  const query = await load(name);
  const operation = createOperationDescriptor(getRequest(query), variables);
  const retained = environment.retain(operation);
  onTestFinished(() => retained.dispose());
  await fetchQuery(environment, query, variables).toPromise();
  return () => {
    const { data, isMissingData } = environment.lookup(operation.fragment);
    expect(isMissingData).toBe(false);
    return rowsIn(data as unknown as ListAnswer);
  };
}

async function mutate(name: string, variables: Variables): Promise<void> {
  const mutation = await load(name);
  await new Promise<unknown>((onCompleted, onError) => {
    commitMutation(environment, { mutation, variables, updater, onCompleted, onError });
  });
}

const LISTS: readonly [query: string, variables?: Variables][] = [
  ['ListsSessionsQuery'],
  ...TREES.map((id): [string, Variables] => ['ListsTreeQuery', { id }]),
];

/** The lists on the screen of the client. */
function screen(lists = LISTS): Screen {
  let rows: (() => unknown)[] = [];
  return {
    async show() {
      rows = await Promise.all(lists.map((list) => show(...list)));
    },
    mutate: (mutation) => mutate(nameOf(COMPILED.indexOf(mutation)), { metadata: mutation.metadata }),
    shown: () => rows.map((read) => read()),
  };
}

testLists(
  () => ({ project, complained }),
  screen,
  OUTLINE_MUTATIONS,
  () => screen([['MutationsOutlineQuery']]),
);

test('the directives of Relay take the edge of a new session and the ids of deleted ones', async () => {
  const rows = await show('ListsTreeQuery', { id: 'trip' });
  const lists = [ConnectionHandler.getConnectionID('trip', 'Lists_children')];
  updater = () => {};
  await mutate('MutationsAppendMutation', { lists });
  await mutate('MutationsDeleteMutation', { lists });
  expect(rows()).toMatchObject({ children: [{ id: 'hotel' }, { id: 'spawned' }] });
});
