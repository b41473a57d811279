import { crc32 } from 'node:zlib';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository, temporaryDirectory } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

/** Each connection, with `PAGE` as a placeholder for its arguments. */
const CONNECTIONS = {
  children: '{ session(id: "root") { connection: children(PAGE) { CURSORS } } }',
  descendants: '{ session(id: "root") { connection: descendants(PAGE) { CURSORS } } }',
  history: '{ session(id: "root") { connection: history(PAGE) { CURSORS } } }',
  sessions: '{ connection: sessions(PAGE) { CURSORS } }',
  'sessions in another order':
    '{ connection: sessions(orderBy: { field: CREATED_AT, direction: ASC }, PAGE) { CURSORS } }',
  searchMessages: '{ connection: searchMessages(query: "fox", PAGE) { CURSORS } }',
};
const CASES = Object.entries(CONNECTIONS).flatMap(([name, query]) =>
  name === 'searchMessages'
    ? [[name, 'after', query] as const]
    : [[name, 'after', query] as const, [name, 'before', query] as const],
);

/** A store with the same sessions as every other one created here. */
async function openAlike() {
  const { repository, calls } = watched(await openTestRepository());
  await growTree(repository, { breadth: 2, depth: 2 });
  const messages = ['fox one', 'fox two', 'fox three'].map((content) => ({ role: 'USER' as const, content }));
  await repository.append({ sessionId: 'root', messages });
  const api = createApi(repository);
  calls.length = 0;
  return { api, calls };
}

type Api = ReturnType<typeof createApi>;

const documentOf = (query: string, page: string) =>
  query.replace('PAGE', page).replace('CURSORS', 'edges { cursor }');

async function cursorsOf(api: Api, query: string, page: string): Promise<string[]> {
  const { data, errors } = await api.send(documentOf(query, page));
  expect(errors).toBeUndefined();
  const { session, connection } = data as Record<string, { edges: { cursor: string }[] }> & {
    session?: { connection: { edges: { cursor: string }[] } };
  };
  return (session?.connection ?? connection)!.edges.map(({ cursor }) => cursor);
}

test.each(CASES)(
  'a cursor of another store is refused, and nothing is read: %s(%s)',
  async (_, argument, query) => {
    const [mine, other] = [await openAlike(), await openAlike()];
    const [, cursor] = await cursorsOf(mine.api, query, 'first: 2');
    const document = documentOf(query, `${argument}: "${cursor}"`);
    // The store that issued the cursor accepts it, before and after: knowledge about a document must not carry over to another
    // store.
    for (const api of [mine.api, other.api, mine.api, other.api]) {
      const { data, errors } = await api.send(document);
      if (api === mine.api) {
        expect(errors).toBeUndefined();
        continue;
      }
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([
        {
          message:
            `${argument}: expected a cursor of this store, got one of another store. ` +
            'Use a cursor only with the store that gave it, or start again without it.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
    }
    expect(other.calls).toEqual([]);
  },
);

/** A cursor in the earlier form, without the store. */
const EARLIER: Record<keyof typeof CONNECTIONS, unknown[]> = {
  children: ['children of session "root"', 1],
  descendants: ['descendants of session "root"', 'root-0'],
  history: ['history of session "root"', 1],
  sessions: ['sessions ordered by LAST_ACTIVE_AT DESC', 1, 1],
  'sessions in another order': ['sessions ordered by CREATED_AT ASC', 1, 1],
  searchMessages: ['a search', 'lA9ssY2bC1kgkNOT', 'ranking', 1],
};

function earlierCursor(name: string): string {
  const json = Buffer.from(JSON.stringify(EARLIER[name as keyof typeof CONNECTIONS]));
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(json));
  return Buffer.concat([checksum, json]).toString('base64url');
}

test.each(CASES)(
  'a cursor of an earlier version says to start without it: %s(%s)',
  async (name, argument, query) => {
    const { api, calls } = await openAlike();
    const { data, errors } = await api.send(documentOf(query, `${argument}: "${earlierCursor(name)}"`));
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([
      {
        message:
          `${argument}: expected a cursor of this version, got one of an earlier version of this server. ` +
          'Start again without it.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(calls).toEqual([]);
  },
);

test('a cursor stays one of its store over a restart', async () => {
  const directory = await temporaryDirectory();
  const before = await openFileRepository({ directory });
  await growTree(before, { breadth: 3, depth: 1 });
  const [first, ...rest] = await cursorsOf(createApi(before), CONNECTIONS.children, 'first: 9');
  await before.close();
  const after = await openFileRepository({ directory });
  expect(await cursorsOf(createApi(after), CONNECTIONS.children, `after: "${first}"`)).toEqual(rest);
  await after.close();
});

test('a document that two stores share is checked for each', async () => {
  const [one, other] = [await openTestRepository(), await openTestRepository()];
  await growTree(one, { breadth: 2, depth: 1 });
  await growTree(other, { breadth: 2, depth: 1 });
  const [cursor] = await cursorsOf(createApi(one), CONNECTIONS.children, 'first: 1');
  const document = parse(documentOf(CONNECTIONS.children, `after: "${cursor}"`));
  const refusals = async (repository: SessionRepository) => {
    const contextValue = createContext({ repository, limits: DEFAULT_LIMITS });
    const { data, errors = [] } = await execute({ schema, document, contextValue });
    return { isRefused: data === undefined, errors: errors.length };
  };
  for (let time = 0; time < 2; time += 1) {
    expect(await refusals(one)).toEqual({ isRefused: false, errors: 0 });
    expect(await refusals(other)).toEqual({ isRefused: true, errors: 1 });
  }
});
