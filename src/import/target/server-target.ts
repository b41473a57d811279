import {
  ConnectionError,
  SessionExistsError as IdTakenError,
  MutationError,
  RequestError,
  type Sessiontree,
  SessiontreeError,
  TimeoutError,
  StorageError as UnwrittenError,
} from '@sessiontree/client';
import { ClientError, ID_HOLDERS, SessionExistsError, StorageError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Limits } from '../../model/limits.ts';
import type { MessageRole, NewTokenUsage } from '../../model/message.ts';
import {
  KEYS_A_PAGE,
  type KeyedMessage,
  type StoredSession,
  type Target,
  type TargetWrite,
} from './target.ts';

/** The metadata of a session can have 64 KiB. */
const IDS_A_REQUEST = 100;

const FIND = `query ImportedSessions($ids: [ID!]!) { nodes(ids: $ids) { ... on Session {
  id key parentId title agentName project status statusMessage spawnedBy { sessionId } historyLength usage { costUsd } metadata archivedAt
} } }`;
const KEYS = `query ImportedKeys($id: ID!, $first: Int!, $after: String) { session(id: $id) { history(first: $first, after: $after) {
  nodes { key role createdAt isCopy usage { inputTokens outputTokens cacheReadTokens cacheWriteTokens reasoningTokens costUsd } } pageInfo { hasNextPage endCursor }
} } }`;

/** What the server refuses of one session, for its size or its form: all other sessions can come in. */
class RefusedError extends ClientError {}

/** Codes of requests that were refused for what they hold, or ask for. */
const CODES_OF_CONTENTS = ['PAYLOAD_TOO_LARGE', 'BAD_USER_INPUT', 'BUDGET_EXCEEDED', 'DEADLINE_EXCEEDED'];

/**
 * Writes into a running server. Rejects with the errors of `model/errors.ts`, as the other targets do; with a `RequestError` of the client if the
 * server takes no such requests at all.
 */
export class ServerTarget implements Target {
  readonly limits: Limits;
  readonly isDryRun = false;
  readonly #client: Sessiontree;

  /** `limits` are those of the server. */
  constructor(client: Sessiontree, limits: Limits) {
    this.#client = client;
    this.limits = limits;
  }

  async find(ids: readonly string[]): Promise<(StoredSession | null)[]> {
    const found: (StoredSession | null)[] = [];
    for (let start = 0; start < ids.length; start += IDS_A_REQUEST) {
      const variables = { ids: ids.slice(start, start + IDS_A_REQUEST) };
      const { nodes } = await called(this.#client.request<FindData>(FIND, variables));
      found.push(...nodes.map((node) => node && storedFrom(node)));
    }
    return found;
  }

  async write(input: TargetWrite): Promise<boolean> {
    const { isNew } = await called(this.#client.history.write(input), input.sessionId);
    return isNew;
  }

  async update({ sessionId, ...patch }: Parameters<Target['update']>[0]): Promise<void> {
    await called(this.#client.sessions.update(sessionId, patch));
  }

  async move(sessionId: string, parentId: string): Promise<void> {
    await called(this.#client.sessions.move(sessionId, { parentId }));
  }

  async archive(id: string, archivedAt: Date | null): Promise<void> {
    const { sessions } = this.#client;
    if (archivedAt === null) await called(sessions.unarchive(id, { subtree: false }));
    else await called(sessions.archive(id, { archivedAt, subtree: false }));
  }

  async *keysOf(id: string): AsyncGenerator<KeyedMessage> {
    let after: string | null = null;
    do {
      const page: KeysData = await called(
        this.#client.request<KeysData>(KEYS, { id, first: KEYS_A_PAGE, after }),
      );
      const { session } = page;
      if (session === null) return;
      const { nodes, pageInfo } = session.history;
      for (const { key, createdAt, ...node } of nodes)
        if (key !== null) yield { ...node, key, createdAt: new Date(createdAt) };
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
  }
}

interface SessionNode extends Omit<StoredSession, 'hasSpawnOrigin' | 'archivedAt'> {
  readonly spawnedBy: object | null;
  readonly metadata: JsonObject;
  readonly archivedAt: string | null;
}

interface FindData {
  readonly nodes: readonly (SessionNode | null)[];
}

interface KeysData {
  readonly session: {
    readonly history: {
      readonly nodes: readonly {
        readonly key: string | null;
        readonly role: MessageRole;
        readonly createdAt: string;
        readonly usage: NewTokenUsage | null;
        readonly isCopy: boolean;
      }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  } | null;
}

function storedFrom({ spawnedBy, archivedAt, ...node }: SessionNode): StoredSession {
  return {
    ...node,
    hasSpawnOrigin: spawnedBy !== null,
    archivedAt: archivedAt === null ? null : new Date(archivedAt),
  };
}

/** What a call of the client answers. `newId`: the id of a session that the call may make. */
async function called<Answer>(answer: Promise<Answer>, newId?: string): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof SessiontreeError)) throw error;
    const { message } = error;
    if (error instanceof IdTakenError && newId !== undefined && error.sessionId === newId) {
      if (message.includes(ID_HOLDERS.DELETED_SESSION)) throw SessionExistsError.id(newId, 'DELETED_SESSION');
      if (message.includes(ID_HOLDERS.UNREADABLE_FILE)) throw new RefusedError(message);
      throw SessionExistsError.hidden({ id: newId });
    }
    if (isOfServer(error)) throw new StorageError(message, true);
    if (error instanceof MutationError || CODES_OF_CONTENTS.includes(error.code))
      throw new RefusedError(message);
    throw error;
  }
}

/** The server, its disk or the connection failed: whatever else is sent fails, too. */
function isOfServer(error: SessiontreeError): boolean {
  return (
    error instanceof ConnectionError ||
    error instanceof TimeoutError ||
    error instanceof UnwrittenError ||
    (error instanceof RequestError && error.isRetryable)
  );
}
