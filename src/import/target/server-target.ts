import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ClientError, SessionExistsError, StorageError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Limits } from '../../model/limits.ts';
import type { MessageRole } from '../../model/message.ts';
import type { MessageKey, StoredSession, Target, TargetWrite } from './target.ts';

const IDS_A_REQUEST = 100;
const KEYS_A_PAGE = 100;
/** How often a request is sent, with longer and longer pauses: the server may be restarting. */
const TRIES = 5;
const PAUSE_MS = 200;

const FIND = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Session {
  id key parent { id } title agentName project status statusMessage spawnedBy { sessionId } historyLength metadata archivedAt
} } }`;
const KEYS = `query ($id: ID!, $first: Int!, $after: String) { session(id: $id) { history(first: $first, after: $after) {
  nodes { key role createdAt } pageInfo { hasNextPage endCursor }
} } }`;

/** The server refused a request for a reason of its own. */
class RefusedError extends ClientError {}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string }[];
}

interface Refusal {
  readonly __typename: string;
  readonly message?: string;
}

/** Writes into a running server, over its API. Each mutation has an `operationId`: one that is sent again is done once. */
export class ServerTarget implements Target {
  readonly limits: Limits;
  readonly isDryRun = false;
  readonly #url: string;

  /** `url` is that of the GraphQL endpoint. `limits` are those of the server. */
  constructor(url: string, limits: Limits) {
    this.#url = url;
    this.limits = limits;
  }

  async find(ids: readonly string[]): Promise<(StoredSession | null)[]> {
    const found: (StoredSession | null)[] = [];
    for (let start = 0; start < ids.length; start += IDS_A_REQUEST) {
      const variables = { ids: ids.slice(start, start + IDS_A_REQUEST) };
      const { nodes } = await this.#request<{ nodes: (SessionNode | null)[] }>(FIND, variables);
      found.push(...nodes.map((node) => node && stored(node)));
    }
    return found;
  }

  async write(input: TargetWrite): Promise<boolean> {
    const { isNew } = await this.#mutate<{ isNew: boolean }>('writeHistory', 'isNew', {
      ...input,
      onKey: 'REPLACE',
    });
    return isNew;
  }

  async update(input: Parameters<Target['update']>[0]): Promise<void> {
    await this.#mutate('updateSession', 'session { id }', input);
  }

  async move(sessionId: string, parentId: string): Promise<void> {
    await this.#mutate('moveSession', 'session { id }', { sessionId, parentId });
  }

  async archive(sessionId: string, archivedAt: Date | null): Promise<void> {
    if (archivedAt === null)
      await this.#mutate('unarchiveSession', 'session { id }', { sessionId, subtree: false });
    else await this.#mutate('archiveSession', 'session { id }', { sessionId, subtree: false, archivedAt });
  }

  async *keysOf(id: string): AsyncGenerator<MessageKey> {
    let after: string | null = null;
    do {
      const variables: object = { id, first: KEYS_A_PAGE, after };
      const { session } = await this.#request<{ session: KeysNode | null }>(KEYS, variables);
      if (session === null) return;
      const { nodes, pageInfo } = session.history;
      for (const { key, role, createdAt } of nodes)
        if (key !== null) yield { key, role, createdAt: new Date(createdAt) };
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
  }

  async #mutate<Payload>(
    name: string,
    selection: string,
    input: { readonly sessionId: string; readonly [member: string]: unknown },
  ): Promise<Payload> {
    const type = name[0]!.toUpperCase() + name.slice(1);
    const text = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
      __typename ... on ${type}Payload { ${selection} } ... on Error { message }
    } }`;
    const variables = { input: { ...input, operationId: `import:${randomUUID()}` } };
    const data = await this.#request<Record<string, Payload & Refusal>>(text, variables);
    const answer = data[name]!;
    const { __typename, message = '' } = answer;
    if (__typename === `${type}Payload`) return answer;
    if (__typename === 'StorageError') throw new StorageError(message, true);
    if (__typename === 'SessionExistsError' && name === 'writeHistory')
      throw SessionExistsError.id(input.sessionId);
    throw new RefusedError(message);
  }

  async #request<Data>(query: string, variables: object): Promise<Data> {
    const body = JSON.stringify({ query, variables });
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#send<Data>(body).catch((error: Error) => error);
      if (!(answer instanceof Error)) return answer;
      if (!(answer instanceof StorageError) || tries === TRIES) throw answer;
      await pause(PAUSE_MS * 2 ** tries);
    }
  }

  /** Rejects with a StorageError where another try may help. */
  async #send<Data>(body: string): Promise<Data> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      text = await response.text();
    } catch (error) {
      const { cause, message } = error as Error;
      throw new StorageError(
        `The server at ${this.#url} does not answer: ${(cause as Error)?.message ?? message}.`,
        true,
      );
    }
    if (response.status >= 500)
      throw new StorageError(`The server at ${this.#url} answers with ${response.status}: ${text}`, true);
    const answer = parsed<Data>(text);
    if (answer?.data && !answer.errors) return answer.data;
    const reason = answer?.errors?.[0]?.message ?? `status ${response.status}, and no answer of GraphQL`;
    throw new RefusedError(`The server at ${this.#url} refuses a request: ${reason}`);
  }
}

interface SessionNode extends Omit<StoredSession, 'parentId' | 'hasSpawnOrigin' | 'archivedAt'> {
  readonly parent: { readonly id: string } | null;
  readonly spawnedBy: object | null;
  readonly metadata: JsonObject;
  readonly archivedAt: string | null;
}

interface KeysNode {
  readonly history: {
    readonly nodes: readonly {
      readonly key: string | null;
      readonly role: MessageRole;
      readonly createdAt: string;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

function stored({ parent, spawnedBy, archivedAt, ...node }: SessionNode): StoredSession {
  return {
    ...node,
    parentId: parent?.id ?? null,
    hasSpawnOrigin: spawnedBy !== null,
    archivedAt: archivedAt === null ? null : new Date(archivedAt),
  };
}

function parsed<Data>(text: string): Answer<Data> | null {
  try {
    return JSON.parse(text) as Answer<Data>;
  } catch {
    return null;
  }
}
