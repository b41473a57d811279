import { createRequire } from 'node:module';
import {
  type ConcreteRequest,
  type Environment,
  fetchQuery,
  type RecordSourceProxy,
  type Variables,
} from 'relay-runtime';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type ClientProject, complaints, openProject } from './files.ts';
import { childrenOf, growLists, idsIn, type ListAnswer, SESSIONS } from './lists.ts';

const { commitMutation, ConnectionHandler, createOperationDescriptor, getRequest } = createRequire(
  import.meta.url,
)('relay-runtime') as typeof import('relay-runtime');

let complained: unknown[][];
let project: ClientProject;
let environment: Environment;
let updater: (store: RecordSourceProxy) => void;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await growLists(project);
  await project.run('relay-compiler');
  ({ environment } = await project.load<{ environment: Environment }>('src/environment.ts'));
  ({ sortSessions: updater } = await project.load<{ sortSessions: typeof updater }>('src/order.ts'));
});

/** An operation as the compiler has made it. */
const load = async (name: string) =>
  (await project.load<{ default: ConcreteRequest }>(`src/__generated__/${name}.graphql.ts`)).default;

/** Shows a list; returns a function that gets the ids on the screen, without a request. */
async function show(name: string, variables: Variables = {}): Promise<() => string[] | null> {
  const query = await load(name);
  const operation = createOperationDescriptor(getRequest(query), variables);
  const retained = environment.retain(operation);
  onTestFinished(() => retained.dispose());
  await fetchQuery(environment, query, variables).toPromise();
  return () => idsIn(environment.lookup(operation.fragment).data as unknown as ListAnswer);
}

async function mutate(name: string, variables: Variables): Promise<void> {
  const mutation = await load(`Lists${name}Mutation`);
  await new Promise<unknown>((onCompleted, onError) => {
    commitMutation(environment, { mutation, variables, updater, onCompleted, onError });
  });
}

const connection = (id: string, key: string) => ConnectionHandler.getConnectionID(id, key);

test('each mutation leaves the lists on the screen as the server would give them, by its payload alone', async () => {
  const sessions = connection('client:root', 'Lists_sessions');
  const [ofTrip, ofFlights, ofHotel] = ['trip', 'flights', 'hotel'].map((id) =>
    connection(id, 'Lists_children'),
  );
  const lists: [shown: () => string[] | null, query: string][] = [
    [await show('ListsSessionsQuery'), SESSIONS],
    [await show('ListsChildrenQuery', { id: 'trip' }), childrenOf('trip')],
    [await show('ListsChildrenQuery', { id: 'hotel' }), childrenOf('hotel')],
  ];
  await show('ListsChildrenQuery', { id: 'flights' });
  const compare = async (name: string) => {
    const shown = lists.map(([ids]) => ids());
    const served = await Promise.all(lists.map(([, query]) => project.ask<ListAnswer>(query)));
    expect(shown, name).toEqual(served.map(idsIn));
    return shown;
  };

  await mutate('Create', { input: { id: 'new' }, sessions: [sessions] });
  expect(await compare('create')).toEqual([['new', 'trip', 'other'], ['hotel', 'flights'], []]);
  await mutate('Spawn', { input: { parentId: 'trip', id: 'spawned' }, children: [ofTrip] });
  await compare('spawn');
  await mutate('Remove', {
    input: { sessionId: 'flights', mode: 'REPARENT' },
    lists: [sessions, ofTrip, ofFlights],
    children: [ofTrip],
  });
  expect(await compare('delete')).toMatchObject([{}, ['hotel', 'spawned', 'fares'], []]);
  await mutate('Move', { input: { sessionId: 'fares', parentId: 'hotel' }, from: [ofTrip], to: [ofHotel] });
  expect(await compare('move')).toMatchObject([{}, ['hotel', 'spawned'], ['fares']]);
  await mutate('Archive', { input: { sessionId: 'other' }, sessions: [sessions] });
  await compare('archive');
  await mutate('Unarchive', { input: { sessionId: 'other' }, sessions: [sessions] });
  expect(await compare('unarchive')).toMatchObject([['new', 'trip', 'other'], {}, {}]);

  const input = { sessionId: 'trip', message: 'Where to?', response: 'Lisbon.' };
  await fetchQuery(environment, await load('HistoryQuery'), { id: 'trip' }).toPromise();
  const history = connection('trip', 'History_history');
  await mutate('Send', { input, history: [history] });
  expect(await compare('send')).toMatchObject([['trip', 'new', 'other'], {}, {}]);
  const { edges } = environment.getStore().getSource().get(history) as unknown as {
    edges: { __refs: string[] };
  };
  const idOf = (ref: string) => {
    const edge = environment.getStore().getSource().get(ref) as unknown as { node: { __ref: string } };
    return edge.node.__ref;
  };
  expect(edges.__refs.map(idOf)).toEqual(['trip:0', 'trip:1']);
  expect(complained).toEqual([]);
});
