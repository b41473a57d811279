import type { ApolloClient } from '@apollo/client';
import { parse } from 'graphql';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type ClientProject, complaints, openProject } from './files.ts';
import { growLists, idsIn, LISTS, type ListAnswer, MUTATIONS } from './lists.ts';

let complained: unknown[][];
let project: ClientProject;
let client: ApolloClient;
let updateLists: () => void;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await growLists(project);
  await project.run('node', 'schema-files.mjs');
  ({ client } = await project.load<{ client: ApolloClient }>('apollo.ts'));
  ({ updateLists } = await project.load<{ updateLists: () => void }>('apollo-lists.ts'));
});

/** What the lists show, without a request. */
const shown = () => LISTS.map((list) => idsIn(client.readQuery<ListAnswer>({ query: parse(list) }) ?? {}));

test('each mutation leaves the lists on the screen as the server would give them, by its payload alone', async () => {
  for (const list of LISTS) {
    const subscription = client.watchQuery({ query: parse(list) }).subscribe({});
    onTestFinished(() => subscription.unsubscribe());
    await client.query({ query: parse(list) });
  }
  const seen: Record<string, unknown> = {};
  for (const [name, document] of MUTATIONS) {
    await client.mutate({ mutation: parse(document), update: updateLists });
    seen[name] = shown();
    const served = await Promise.all(LISTS.map((list) => project.ask<ListAnswer>(list)));
    expect(seen[name], name).toEqual(served.map(idsIn));
  }
  expect(seen).toMatchObject({
    createSession: [['new', 'trip', 'other'], ['hotel', 'flights'], ['fares'], [], []],
    spawnSession: [{}, ['hotel', 'flights', 'spawned'], ['fares'], [], []],
    deleteSession: [{}, ['hotel', 'spawned', 'fares'], null, [], []],
    moveSession: [{}, ['hotel', 'spawned'], null, ['fares'], []],
    archiveSession: [['new', 'trip'], {}, null, {}, []],
    unarchiveSession: [['new', 'trip', 'other'], {}, null, {}, []],
  });
  expect(complained).toEqual([]);
});
