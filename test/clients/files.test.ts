import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { hasCommand } from '../cli/run.ts';
import { ROOT, readPage } from '../support/documentation.ts';
import { addHistory, clientFiles, openProject } from './files.ts';
import { MUTATIONS } from './mutations.ts';

test('the pages have the files for clients that these tests try', async () => {
  expect([...(await clientFiles()).keys()].toSorted()).toEqual([
    'apollo-lists.ts',
    'apollo-live.ts',
    'apollo.ts',
    'codegen.ts',
    'list-updates.ts',
    'live.ts',
    'relay.config.js',
    'request.ts',
    'schema-files.mjs',
    'show-changes.ts',
    'src/History.ts',
    'src/Lists.ts',
    'src/Watch.ts',
    'src/environment.ts',
    'src/relay-lists.ts',
    'src/relay-live.ts',
    'title.py',
    'urql-lists.ts',
    'urql-live.ts',
    'urql.ts',
    'watch-events.ts',
    'watch-sse.ts',
    'watch.ts',
  ]);
});

test('the page says of every mutation what it changes in lists, and every one that stores something is tried', async () => {
  const schema = buildSchema(await readFile(join(ROOT, 'schema.graphql'), 'utf8'));
  const mutations = Object.keys(schema.getMutationType()!.getFields()).toSorted();
  const page = await readPage('docs/web-pages.md');
  const table = page.slice(page.indexOf('| mutation | select |'));
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n').slice(2);
  const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  expect(named.toSorted()).toEqual(mutations);
  const tried = new Set(MUTATIONS.map(({ body }) => body.slice(0, body.indexOf('('))));
  expect([...tried, 'streamMessage'].toSorted()).toEqual(mutations);
});

test('graphql-request gets an answer, and an error as an exception', async () => {
  const project = await openProject();
  await addHistory(project, 1);
  const { titleOf } = await project.load<{ titleOf(id: unknown): Promise<string | null> }>('request.ts');
  expect(await titleOf('trip')).toBe('Plan a trip');
  expect(await titleOf('none')).toBe(null);
  await expect(titleOf(undefined)).rejects.toThrow('$id');
});

test('GraphQL Code Generator types an operation, the scalars too', { timeout: 120_000 }, async () => {
  const project = await openProject();
  // Documents of Relay have directives that only its compiler knows.
  for (const file of ['History.ts', 'Lists.ts', 'Watch.ts']) await rm(join(project.directory, 'src', file));
  await writeFile(
    join(project.directory, 'src/use.ts'),
    [
      "import { graphql } from './gql';",
      'graphql(`query Times { session(id: "trip") { createdAt metadata rollup { usage { inputTokens } } } }`);',
    ].join('\n'),
  );
  await project.run('graphql-codegen');
  expect(await readdir(join(project.directory, 'src/gql'))).toContain('graphql.ts');
  await writeFile(
    join(project.directory, 'src/check.ts'),
    `import type { TimesQuery } from './gql/graphql';
    type Session = NonNullable<TimesQuery['session']>;
    export const times = ({ createdAt, metadata, rollup }: Session): [string, Record<string, unknown>, number] =>
      [createdAt, metadata, rollup.usage.inputTokens];`,
  );
  await project.run('tsc', ...STRICT, 'src/check.ts');
});

test('the files for clients in TypeScript have no type errors', async () => {
  const project = await openProject();
  await project.run('node', 'schema-files.mjs');
  await project.run(
    'tsc',
    ...STRICT,
    ...[
      'list-updates.ts',
      'apollo.ts',
      'apollo-lists.ts',
      'urql.ts',
      'urql-lists.ts',
      'request.ts',
      'codegen.ts',
      'live.ts',
      'apollo-live.ts',
      'urql-live.ts',
      'watch.ts',
      'show-changes.ts',
      'watch-sse.ts',
      'watch-events.ts',
      'src/environment.ts',
      'src/relay-lists.ts',
      'src/relay-live.ts',
    ],
  );
});

const STRICT = [
  ...['--noEmit', '--strict', '--skipLibCheck', '--resolveJsonModule', '--module', 'preserve'],
  ...['--allowImportingTsExtensions', '--target', 'es2024', '--lib', 'es2024,dom', '--types', 'node'],
];

test('the file for clients in Python can be compiled', async ({ skip }) => {
  skip(!hasCommand('python3'), 'there is no python3');
  const project = await openProject();
  await project.run('python3', '-m', 'py_compile', 'title.py');
});

test('gql (Python) gets an answer', async ({ skip }) => {
  const project = await openProject();
  const found = await project.run('python3', '-c', 'import gql, requests').catch(() => null);
  skip(found === null, 'there is no gql');
  await addHistory(project, 1);
  expect(await project.run('python3', 'title.py')).toContain('Plan a trip');
});
