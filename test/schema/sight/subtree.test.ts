import { parse, validate } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../../src/execution/execute.ts';
import type { Caller } from '../../../src/model/caller.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { createContext } from '../../../src/schema/context.ts';
import { schema } from '../../../src/schema/index.ts';
import { openTestRepository } from '../../support/repository.ts';
import { callerOf } from './two-users.ts';

let store: SessionRepository;
/** above > top > low, and beside > cousin; "top" was spawned by "above", forked from "beside", and has a fork there. */
beforeEach(async () => {
  store = await openTestRepository();
  const say = (content: string) => ({ role: 'USER', content }) as const;
  await store.create({
    id: 'above',
    userId: 'ada',
    key: 'taken',
    title: 'above',
    messages: [say('words above')],
  });
  await store.create({ id: 'beside', parentId: 'above', title: 'beside', messages: [say('words beside')] });
  await store.create({
    id: 'top',
    parentId: 'above',
    title: 'top',
    spawnedBy: { messageId: 'above:0', toolCallId: 'call' },
    forkedFrom: { sessionId: 'beside', messageId: null, historyLength: 0 },
    messages: [say('words at the top')],
  });
  await store.create({ id: 'low', parentId: 'top', title: 'low', messages: [say('words below')] });
  await store.create({ id: 'other', userId: 'ada', title: 'other' });
});

const CHILD = callerOf('ada', { subtreeId: 'top' });

async function answer(source: string, caller: Caller = CHILD): Promise<unknown> {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const contextValue = createContext({ repository: store, caller });
  const { data, errors } = await execute({ schema, document, contextValue });
  expect(errors).toBeUndefined();
  return structuredClone(data);
}

/** The type of the answer to a mutation. */
async function typeOf(field: string, input: string, caller: Caller = CHILD): Promise<string> {
  const data = await answer(`mutation { ${field}(input: { ${input} }) { __typename } }`, caller);
  return (data as Record<string, { __typename: string }>)[field]!.__typename;
}

describe('a caller who sees a subtree', () => {
  it('finds its top as the root of the only tree there is', async () => {
    const seen = await answer(`{
      session(id: "top") {
        parentId rootId depth parent { id } root { id } ancestors { id } forkedFrom { sessionId } spawnedBy { sessionId }
        children { nodes { id parentId rootId depth ancestors { id } spawnedBy { sessionId } } }
      }
      sessions { totalCount nodes { id } }
      roots: sessions(filter: { rootsOnly: true }, orderBy: { field: TREE_LAST_ACTIVE_AT, direction: DESC }) {
        edges { cursor node { id } }
      }
      tree: sessions(filter: { rootId: "top" }) { totalCount }
      searchMessages(query: "words") { totalCount nodes { id } }
      usageReport(by: [ROOT]) { root { id } }
      store { sessionCount messageCount }
      none: nodes(ids: ["above", "beside", "other", "above:0"]) { id }
      outside: sessions(filter: { parentId: "above" }) { totalCount }
      key: session(key: "taken") { id }
    }`);
    expect(seen).toMatchObject({
      session: {
        parentId: null,
        rootId: 'top',
        depth: 0,
        parent: null,
        root: { id: 'top' },
        ancestors: [],
        forkedFrom: null,
        spawnedBy: null,
        children: {
          nodes: [{ id: 'low', parentId: 'top', rootId: 'top', depth: 1, ancestors: [{ id: 'top' }] }],
        },
      },
      sessions: { totalCount: 2, nodes: [{ id: 'low' }, { id: 'top' }] },
      roots: { edges: [{ node: { id: 'top' } }] },
      tree: { totalCount: 2 },
      searchMessages: { totalCount: 2 },
      store: { sessionCount: 2, messageCount: 2 },
      none: [null, null, null, null],
      outside: { totalCount: 0 },
      key: null,
    });
  });

  it('grows and changes what is beneath it', async () => {
    expect(await typeOf('spawnSession', 'parentId: "low", id: "new"')).toBe('SpawnSessionPayload');
    expect(await typeOf('sendMessage', 'sessionId: "top", message: "x"')).toBe('SendMessagePayload');
    expect(await typeOf('moveSession', 'sessionId: "new", parentId: "top"')).toBe('MoveSessionPayload');
    expect(await typeOf('deleteSession', 'sessionId: "low", mode: REPARENT')).toBe('DeleteSessionPayload');
    expect(await typeOf('archiveSession', 'sessionId: "top"')).toBe('ArchiveSessionPayload');
  });

  it('changes nothing above it or beside it', async () => {
    for (const id of ['above', 'beside', 'other', 'missing']) {
      expect(await typeOf('archiveSession', `sessionId: "${id}"`)).toBe('SessionNotFoundError');
      expect(await typeOf('sendMessage', `sessionId: "${id}", message: "x"`)).toBe('SessionNotFoundError');
      expect(await typeOf('spawnSession', `parentId: "${id}"`)).toBe('SessionNotFoundError');
      expect(await typeOf('moveSession', `sessionId: "low", parentId: "${id}"`)).toBe('SessionNotFoundError');
      expect(await typeOf('forkSession', `sessionId: "${id}"`)).toBe('SessionNotFoundError');
    }
  });

  it('makes no trees, and neither moves nor deletes its top', async () => {
    expect(await typeOf('createSession', 'title: "x"')).toBe('ForbiddenError');
    expect(await typeOf('writeHistory', 'key: "x", create: {}')).toBe('ForbiddenError');
    expect(await typeOf('forkSession', 'sessionId: "low", asRoot: true')).toBe('ForbiddenError');
    expect(await typeOf('moveSession', 'sessionId: "low", asRoot: true')).toBe('ForbiddenError');
    expect(await typeOf('moveSession', 'sessionId: "top", parentId: "low"')).toBe('ForbiddenError');
    expect(await typeOf('deleteSession', 'sessionId: "top", mode: CASCADE')).toBe('ForbiddenError');
    expect(await typeOf('deleteSession', 'sessionId: "top", mode: REPARENT, dryRun: true')).toBe(
      'ForbiddenError',
    );
  });

  it('learns of an id or a key that is taken out of sight that it is taken, and no more', async () => {
    const refused = async (field: string, input: string) =>
      JSON.stringify(
        await answer(
          `mutation { ${field}(input: { ${input} }) { ... on SessionExistsError { message sessionId key } } }`,
        ),
      );
    const id = '{"message":"The id \\"beside\\" is taken. Choose another.","sessionId":"beside","key":null}';
    const key = '{"message":"The key \\"taken\\" is taken. Choose another.","sessionId":null,"key":"taken"}';
    expect(await refused('spawnSession', 'parentId: "top", id: "beside"')).toBe(`{"spawnSession":${id}}`);
    expect(await refused('spawnSession', 'parentId: "top", id: "beside", ifExists: RETURN')).toBe(
      `{"spawnSession":${id}}`,
    );
    expect(await refused('spawnSession', 'parentId: "top", key: "taken"')).toBe(`{"spawnSession":${key}}`);
    expect(await refused('spawnSession', 'parentId: "top", key: "taken", ifExists: RETURN')).toBe(
      `{"spawnSession":${key}}`,
    );
    expect(await refused('writeHistory', 'key: "taken", create: { parentId: "top" }')).toBe(
      `{"writeHistory":${key}}`,
    );
    expect(await refused('updateSession', 'sessionId: "low", key: "taken"')).toBe(`{"updateSession":${key}}`);
    expect(await refused('forkSession', 'sessionId: "low", id: "beside"')).toBe(`{"forkSession":${id}}`);
  });

  it('has operations of its own', async () => {
    const input = 'sessionId: "low", message: "x", operationId: "one"';
    for (const caller of [CHILD, callerOf('ada'), callerOf('ada', { subtreeId: 'low' }), CHILD])
      expect(await typeOf('sendMessage', input, caller)).toBe('SendMessagePayload');
    expect((await store.findMany(['low']))[0]!.historyLength).toBe(4);
  });
});

describe('a caller with a scope', () => {
  it('read changes nothing, neither for a try nor in a draft', async () => {
    const reader = callerOf('ada', { scope: 'read' });
    for (const [field, input] of [
      ['createSession', ''],
      ['sendMessage', 'sessionId: "top", message: "x"'],
      ['appendMessages', 'sessionId: "top", messages: [{ role: USER }]'],
      ['writeHistory', 'sessionId: "top", title: "x"'],
      ['spawnSession', 'parentId: "top"'],
      ['updateSession', 'sessionId: "top", title: "x"'],
      ['deleteSession', 'sessionId: "top", dryRun: true'],
      ['deleteSession', 'sessionId: "low"'],
      ['forkSession', 'sessionId: "top"'],
      ['moveSession', 'sessionId: "top", asRoot: true'],
      ['archiveSession', 'sessionId: "top"'],
      ['unarchiveSession', 'sessionId: "top"'],
      ['truncateHistory', 'sessionId: "top", keep: 0, dryRun: true'],
      ['truncateHistory', 'sessionId: "top", keep: 0'],
      ['streamMessage', 'sessionId: "top", key: "k", content: "x"'],
    ] as const)
      expect(await typeOf(field, input, reader), `${field} ${input}`).toBe('ForbiddenError');
    expect((await store.findMany(['top']))[0]!.version).toBe(1);
    expect(await answer('{ session(id: "top") { title } }', reader)).toEqual({ session: { title: 'top' } });
  });

  it('write owns the trees that it makes, and hands none of them to another user', async () => {
    const ada = callerOf('ada');
    const eve = callerOf('eve', { scope: 'admin' });
    const made = await answer(
      'mutation { createSession(input: { id: "mine", key: "k" }) { ... on CreateSessionPayload { session { userId } } } }',
      ada,
    );
    expect(made).toEqual({ createSession: { session: { userId: 'ada' } } });
    expect(await typeOf('writeHistory', 'key: "w", create: {}', ada)).toBe('WriteHistoryPayload');
    expect(await answer('{ session(key: "w") { userId } }', ada)).toEqual({ session: { userId: 'ada' } });
    // An admin lets Ben take part in a tree of Ada.
    expect(await typeOf('spawnSession', 'parentId: "mine", id: "guest", userId: "ben"', eve)).toBe(
      'SpawnSessionPayload',
    );
    for (const [field, input] of [
      ['moveSession', 'sessionId: "guest", asRoot: true'],
      ['forkSession', 'sessionId: "guest", asRoot: true'],
      ['deleteSession', 'sessionId: "mine", mode: REPARENT'],
      ['deleteSession', 'sessionId: "mine", mode: REPARENT, dryRun: true'],
    ] as const)
      expect(await typeOf(field, input, ada), field).toBe('ForbiddenError');
    const ben = callerOf('ben');
    expect(await answer('{ session(id: "guest") { id } sessions { totalCount } }', ben)).toEqual({
      session: null,
      sessions: { totalCount: 0 },
    });
    expect(await typeOf('moveSession', 'sessionId: "guest", asRoot: true', eve)).toBe('MoveSessionPayload');
    expect(await answer('{ session(id: "guest") { id } }', ben)).toEqual({ session: { id: 'guest' } });
    expect(await answer('{ session(id: "guest") { id } }', ada)).toEqual({ session: null });
  });
});
