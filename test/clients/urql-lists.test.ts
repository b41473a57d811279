import type { Client } from '@urql/core';
import { beforeEach, expect, test } from 'vitest';
import { type ClientProject, complaints, openProject } from './files.ts';
import { growLists, idsIn, LISTS, type ListAnswer, MUTATIONS } from './lists.ts';

let complained: unknown[][];
let project: ClientProject;
let client: Client;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await growLists(project);
  await project.run('node', 'schema-files.mjs');
  ({ client } = await project.load<{ client: Client }>('urql.ts'));
});

test('each mutation leaves the lists on the screen as the server would give them, by its payload alone', async () => {
  for (const list of LISTS) await client.query<ListAnswer>(list, {});
  for (const [name, document] of MUTATIONS) {
    const { error } = await client.mutation(document, {});
    expect(error).toBeUndefined();
    // Without a request: null if the cache lacks a part.
    const shown = LISTS.map((list) => idsIn(client.readQuery<ListAnswer>(list, {})?.data ?? {}));
    const served = await Promise.all(LISTS.map((list) => project.ask<ListAnswer>(list)));
    expect(shown, name).toEqual(served.map(idsIn));
  }
  expect(complained).toEqual([]);
});
