import { describe, expect, it, onTestFinished } from 'vitest';
import { openFileRepository, openFileRepositoryForReading } from '../src/repository/files/open.ts';
import { graphql } from './generated/index.ts';
import { type Api, createApi } from './support/api.ts';
import { readPage } from './support/documentation.ts';
import { openTestRepository, temporaryDirectory } from './support/repository.ts';

/** Each function of the Python module, with its replacement. docs/import-and-export.md has the same table in prose. */
const OPERATIONS: Record<string, string> = {
  AgentSession: 'createSession',
  initialize: 'createSession',
  process_message: 'sendMessage',
  spawn_child_session: 'spawnSession',
  get_session_summary: 'session',
  persist: '',
  get_history: 'history',
  add_metadata: 'updateSession',
  get_metadata: 'metadataValue',
  save: '',
  load: 'session',
  delete: 'deleteSession',
  list_sessions: 'sessions',
  get_agent_session: 'session',
  create_agent_session: 'createSession',
};

graphql(`
  fragment SeedSummary on Session {
    id
    parentId
    rootId
    depth
    userId
    createdAt
    lastActiveAt
    messageCount
    historyLength
  }
`);

const CREATE = graphql(`
  mutation SeedCreate($input: CreateSessionInput!) {
    createSession(input: $input) {
      __typename
      ... on CreateSessionPayload {
        session {
          ...SeedSummary
        }
      }
    }
  }
`);

const SPAWN = graphql(`
  mutation SeedSpawn($input: SpawnSessionInput!) {
    spawnSession(input: $input) {
      __typename
      ... on SpawnSessionPayload {
        session {
          ...SeedSummary
        }
      }
    }
  }
`);

const SEND = graphql(`
  mutation SeedSend($input: SendMessageInput!) {
    sendMessage(input: $input) {
      __typename
      ... on SendMessagePayload {
        session {
          ...SeedSummary
        }
      }
    }
  }
`);

const UPDATE = graphql(`
  mutation SeedUpdate($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      __typename
      ... on UpdateSessionPayload {
        session {
          metadata
        }
      }
    }
  }
`);

const DELETE = graphql(`
  mutation SeedDelete($input: DeleteSessionInput!) {
    deleteSession(input: $input) {
      __typename
      ... on DeleteSessionPayload {
        deletedIds
      }
    }
  }
`);

const LOAD = graphql(`
  query SeedLoad($id: ID!) {
    session(id: $id) {
      ...SeedSummary
      metadata
      history(first: 1000) {
        nodes {
          role
          content
          createdAt
        }
      }
    }
  }
`);

const METADATA = graphql(`
  query SeedMetadata($id: ID!, $key: String!) {
    session(id: $id) {
      metadataValue(key: $key)
    }
  }
`);

const LIST = graphql(`
  query SeedList($filter: SessionFilter) {
    sessions(filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }, first: 1000) {
      nodes {
        id
      }
    }
  }
`);

async function create(api: Api, input: { id?: string; userId?: string } = {}) {
  const { createSession } = await api.query(CREATE, { input });
  if (createSession.__typename !== 'CreateSessionPayload') throw new Error(createSession.__typename);
  return createSession.session;
}

async function spawn(api: Api, input: { parentId: string; id?: string; userId?: string }) {
  const { spawnSession } = await api.query(SPAWN, { input });
  if (spawnSession.__typename !== 'SpawnSessionPayload') throw new Error(spawnSession.__typename);
  return spawnSession.session;
}

async function send(api: Api, sessionId: string, message = 'hi', response = 'hello') {
  const { sendMessage } = await api.query(SEND, { input: { sessionId, message, response } });
  if (sendMessage.__typename !== 'SendMessagePayload') throw new Error(sendMessage.__typename);
  return sendMessage.session;
}

async function load(api: Api, id: string) {
  return (await api.query(LOAD, { id })).session ?? null;
}

async function listed(api: Api, filter: { userId: string } | null): Promise<string[]> {
  return (await api.query(LIST, { filter })).sessions.nodes.map(({ id }) => id);
}

const openApi = async () => createApi(await openTestRepository());

/** The work of each function of the Python module, done through the API. */
describe('in place of', () => {
  it('AgentSession(): a session of a given id or a new one, alone or under a parent', async () => {
    const api = await openApi();
    expect((await create(api)).id).toMatch(/^[0-9a-f]{8}-/);
    const root = await create(api, { id: 'planner', userId: 'ada' });
    expect(root).toMatchObject({ id: 'planner', userId: 'ada', parentId: null, rootId: 'planner', depth: 0 });
    const child = await spawn(api, { parentId: 'planner', id: 'coder' });
    const grandchild = await spawn(api, { parentId: 'coder' });
    expect(child).toMatchObject({ id: 'coder', parentId: 'planner', rootId: 'planner', depth: 1 });
    expect(grandchild).toMatchObject({ parentId: 'coder', rootId: 'planner', depth: 2 });
  });

  it('initialize(): creating stores the session and answers with its place in the tree', async () => {
    const api = await openApi();
    const session = await create(api, { id: 's' });
    expect(session).toMatchObject({ id: 's', depth: 0, parentId: null, rootId: 's' });
    expect(session.lastActiveAt).toBe(session.createdAt);
    expect(await load(api, 's')).toMatchObject(session);
  });

  it('process_message(): an exchange at the end of the history', async () => {
    const api = await openApi();
    const before = await create(api, { id: 's' });
    await send(api, 's', 'one?', 'one.');
    const after = await send(api, 's', 'two?', 'two.');
    expect(after).toMatchObject({ messageCount: 2, historyLength: 4 });
    expect(Date.parse(after.lastActiveAt)).toBeGreaterThanOrEqual(Date.parse(before.lastActiveAt));
    expect((await load(api, 's'))!.history.nodes.map(({ role, content }) => [role, content])).toEqual([
      ['USER', 'one?'],
      ['ASSISTANT', 'one.'],
      ['USER', 'two?'],
      ['ASSISTANT', 'two.'],
    ]);
  });

  it("spawn_child_session(): a child in the same tree, of its parent's user unless it is given one", async () => {
    const api = await openApi();
    await create(api, { id: 'p', userId: 'ada' });
    expect(await spawn(api, { parentId: 'p' })).toMatchObject({
      parentId: 'p',
      rootId: 'p',
      depth: 1,
      userId: 'ada',
    });
    expect(await spawn(api, { parentId: 'p', userId: 'grace' })).toMatchObject({ userId: 'grace' });
  });

  it('get_session_summary(): all that it told, from one query', async () => {
    const api = await openApi();
    await create(api, { id: 'p', userId: 'ada' });
    const child = await spawn(api, { parentId: 'p', id: 'c' });
    const { lastActiveAt } = await send(api, 'c');
    expect(await load(api, 'c')).toMatchObject({
      id: 'c',
      parentId: 'p',
      rootId: 'p',
      depth: 1,
      userId: 'ada',
      createdAt: child.createdAt,
      lastActiveAt,
      messageCount: 1,
      historyLength: 2,
    });
  });

  it('persist(): nothing to call, what is answered is on the disk', async () => {
    const directory = await temporaryDirectory();
    const repository = await openFileRepository({ directory });
    onTestFinished(() => repository.close());
    const api = createApi(repository);
    await create(api, { id: 's' });
    await send(api, 's', 'is it there?');
    const reader = await openFileRepositoryForReading({ directory });
    onTestFinished(() => reader.close());
    expect(await reader.findMany(['s'])).toMatchObject([{ historyLength: 2, version: 2 }]);
  });

  it('get_history(): the history, oldest first, each entry with its time', async () => {
    const api = await openApi();
    await create(api, { id: 's' });
    const { lastActiveAt } = await send(api, 's', 'hi', 'hello');
    expect((await load(api, 's'))!.history.nodes).toEqual([
      { role: 'USER', content: 'hi', createdAt: lastActiveAt },
      { role: 'ASSISTANT', content: 'hello', createdAt: lastActiveAt },
    ]);
  });

  it('add_metadata(): one key is set to a whole value, the others stay', async () => {
    const api = await openApi();
    await create(api, { id: 's' });
    await api.query(UPDATE, {
      input: { sessionId: 's', setMetadata: { model: 'm', last: { tries: 1, error: 'e' } } },
    });
    const { updateSession } = await api.query(UPDATE, {
      input: { sessionId: 's', setMetadata: { last: { tries: 2 } } },
    });
    expect(updateSession).toEqual({
      __typename: 'UpdateSessionPayload',
      session: { metadata: { model: 'm', last: { tries: 2 } } },
    });
  });

  it('get_metadata(): the value of a key, null where there is none', async () => {
    const api = await openApi();
    await create(api, { id: 's' });
    await api.query(UPDATE, { input: { sessionId: 's', metadata: { model: { name: 'm' } } } });
    const value = async (key: string) => (await api.query(METADATA, { id: 's', key })).session?.metadataValue;
    expect(await value('model')).toEqual({ name: 'm' });
    expect(await value('nothing')).toBeNull();
  });

  it('save(): nothing to call, a restart finds all as it was', async () => {
    const directory = await temporaryDirectory();
    const first = await openFileRepository({ directory });
    const api = createApi(first);
    await create(api, { id: 's', userId: 'ada' });
    await send(api, 's');
    await api.query(UPDATE, { input: { sessionId: 's', metadata: { model: 'm' } } });
    const before = await load(api, 's');
    await first.close();
    const second = await openFileRepository({ directory });
    onTestFinished(() => second.close());
    expect(await load(createApi(second), 's')).toEqual(before);
    expect(before).toMatchObject({ userId: 'ada', metadata: { model: 'm' }, messageCount: 1 });
  });

  it('load(): the whole session, null where there is none', async () => {
    const api = await openApi();
    await create(api, { id: 's' });
    await send(api, 's', 'hi', 'hello');
    await api.query(UPDATE, { input: { sessionId: 's', metadata: { model: 'm' } } });
    const session = await load(api, 's');
    expect(session).toMatchObject({ id: 's', metadata: { model: 'm' } });
    expect(session!.history.nodes).toHaveLength(2);
    expect(await load(api, 'nobody')).toBeNull();
  });

  it('delete(): the session goes, and with CASCADE its children do not stay behind', async () => {
    const api = await openApi();
    await create(api, { id: 'p' });
    await spawn(api, { parentId: 'p', id: 'c' });
    const remove = async (id: string, mode?: 'CASCADE') =>
      (await api.query(DELETE, { input: { sessionId: id, mode } })).deleteSession;
    expect((await remove('p')).__typename).toBe('SessionHasChildrenError');
    expect(await remove('p', 'CASCADE')).toMatchObject({ deletedIds: ['p', 'c'] });
    expect(await load(api, 'p')).toBeNull();
    expect((await remove('p')).__typename).toBe('SessionNotFoundError');
  });

  it('list_sessions(): all of them, or those of one user', async () => {
    const api = await openApi();
    await create(api, { id: 'a', userId: 'ada' });
    await create(api, { id: 'g', userId: 'grace' });
    await spawn(api, { parentId: 'a', id: 'a2' });
    expect(await listed(api, null)).toEqual(['a', 'g', 'a2']);
    expect(await listed(api, { userId: 'ada' })).toEqual(['a', 'a2']);
    expect(await listed(api, { userId: 'nobody' })).toEqual([]);
  });

  it('get_agent_session(): a session by its id, from any process at any time', async () => {
    const api = await openApi();
    await create(api, { id: 's' });
    expect(await load(api, 's')).toMatchObject({ id: 's' });
    expect(await load(api, 'nobody')).toBeNull();
  });

  it('create_agent_session(): a root, or a child of a session that is there', async () => {
    const api = await openApi();
    expect(await create(api, { id: 'p', userId: 'ada' })).toMatchObject({ id: 'p', userId: 'ada' });
    expect(await spawn(api, { parentId: 'p', id: 'c', userId: 'grace' })).toMatchObject({ parentId: 'p' });
    const { spawnSession } = await api.query(SPAWN, { input: { parentId: 'nobody' } });
    expect(spawnSession.__typename).toBe('SessionNotFoundError');
  });
});

describe("docs/import-and-export.md's table", () => {
  it('has a row for each function, which names the operation that takes its place', async () => {
    const page = await readPage('docs/import-and-export.md');
    const rows = new Map(
      [...page.matchAll(/^\| `(?:\w+\.)?(\w+)\([^|]*?\| (.*) \|$/gm)].map(([, name, cell]) => [name, cell]),
    );
    expect([...rows.keys()]).toEqual(Object.keys(OPERATIONS));
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      expect(rows.get(name), name).toMatch(
        operation === '' ? /^not needed/ : new RegExp(`\\b${operation}\\b`),
      );
    }
  });
});
