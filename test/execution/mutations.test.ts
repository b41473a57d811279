import { parse, validate } from 'graphql';
import { afterEach, expect, test } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';
import { failOnUnhandled } from './by-the-book.ts';

const unhandled = failOnUnhandled();

afterEach(() => unhandled.check());

async function run(
  repository: SessionRepository,
  query: string,
  { operationName, ...limits }: Partial<Limits> & { operationName?: string } = {},
): Promise<unknown> {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const contextValue = createContext({ repository, limits: { ...DEFAULT_LIMITS, ...limits } });
  return JSON.parse(JSON.stringify(await execute({ schema, document, operationName, contextValue })));
}

const CREATE = (selection: string) =>
  `createSession(input: { id: "made" }) { ... on CreateSessionPayload { session { ${selection} } } }`;

test.each([
  ['at once', 'id children(first: -1) { totalCount }', 'BAD_USER_INPUT'],
  ['later', 'id children { totalCount } descendants(after: "x") { nodes { id } }', 'BAD_USER_INPUT'],
])('a mutation whose selection fails %s is made once', async (_when, selection, code) => {
  const { repository, calls } = watched(await openTestRepository());
  expect(await run(repository, `mutation { ${CREATE(selection)} }`)).toMatchObject({
    errors: [{ extensions: { code } }],
  });
  expect(calls.filter(([method]) => method === 'create')).toEqual([
    ['create', { id: 'made', messages: [] }, undefined],
  ]);
  expect(await repository.findMany(['made'])).toMatchObject([{ version: 1 }]);
});

test('a mutation whose answer is too much is made once', async () => {
  const { repository, calls } = watched(await openTestRepository());
  expect(
    await run(repository, `mutation { ${CREATE('id root { root { id } }')} }`, { objects: 2 }),
  ).toMatchObject({
    data: null,
    errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }],
  });
  expect(calls.map(([method]) => method)).toEqual(['create']);
});

test('mutations are made one after the other, each once, and none after one that fails', async () => {
  const { repository, calls } = watched(await openTestRepository());
  await repository.create({ id: 'a' });
  calls.length = 0;
  const rename = (title: string, selection: string) =>
    `${title}: updateSession(input: { sessionId: "a", title: "${title}" }) { ... on UpdateSessionPayload { session { ${selection} } } }`;
  const query = `mutation { ${rename('one', 'title')} ${rename('two', 'history(last: -1) { totalCount }')} ${rename('three', 'title')} }`;
  expect(await run(repository, query)).toMatchObject({
    data: null,
    errors: [{ path: ['two', 'session', 'history'] }],
  });
  expect(calls.map(([method]) => method)).toEqual(['update', 'update']);
  expect(await repository.findMany(['a'])).toMatchObject([{ title: 'two', version: 3 }]);
});

test('a query of a document that also mutates changes nothing, also where it fails', async () => {
  const { repository, calls } = watched(await openTestRepository());
  const query = `mutation M { ${CREATE('id')} } query Q { sessions(first: -1) { totalCount } store { sessionCount } }`;
  expect(await run(repository, query, { operationName: 'Q' })).toMatchObject({ data: null });
  expect(calls.map(([method]) => method)).not.toContain('create');
  expect(await run(repository, query, { operationName: 'M' })).toEqual({
    data: { createSession: { session: { id: 'made' } } },
  });
});

test('a query that fails is executed once', async () => {
  const { repository, calls } = watched(await openTestRepository());
  await repository.create({ id: 'a' });
  calls.length = 0;
  const query = '{ session(id: "a") { id children(first: -1) { totalCount } } }';
  expect(await run(repository, query)).toMatchObject({ data: { session: null } });
  expect(calls).toEqual([['findMany', ['a']]]);
});
