import * as sessiontree from '@sessiontree/client';
import { ConflictError, MutationError, RequestError, type Sessiontree } from '@sessiontree/client';

/** The server's limit `pageSize`. */
const PAGE_SIZE_MAX = 1_000;

/** A session by its key, among those of an owner. */
export interface Place {
  readonly key: string;
  readonly ownerId?: string;
}

/** A message, with what the adapter reads of it. */
export interface StoredMessage {
  readonly payload: unknown;
  readonly metadata: { readonly [key: string]: unknown };
  readonly position: number;
  readonly createdAt: string;
  readonly model: string | null;
}

/** The end of a session's history, or all of it. */
export interface StoredHistory {
  readonly id: string;
  readonly version: number;
  readonly messages: readonly StoredMessage[];
}

/** A message of a conversation, and the history that it is in. */
export interface Line {
  readonly history: StoredHistory;
  readonly message: StoredMessage;
}

/** The messages of a history as lines; none of a session that is gone. */
export function linesOf(history: StoredHistory | null | undefined): readonly Line[] {
  return history?.messages.map((message) => ({ history, message })) ?? [];
}

interface Page {
  readonly id: string;
  readonly version: number;
  readonly history: {
    readonly nodes: readonly StoredMessage[];
    readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null };
  };
}

/** So many sessions are read in one request: the server's limit `aliases` is 100. */
const SESSIONS_MAX = 50;

const MESSAGE = 'payload metadata position createdAt model';

const HISTORY = `
query ($key: String!, $ownerId: String, $last: Int!, $before: String) {
  session(key: $key, ownerId: $ownerId) {
    id version history(last: $last, before: $before) { nodes { ${MESSAGE} } pageInfo { hasPreviousPage startCursor } }
  }
}`;

const POP = `
mutation ($input: WriteHistoryInput!) {
  writeHistory(input: $input) {
    __typename
    ... on WriteHistoryPayload { removed { ${MESSAGE} } session { id version } }
    ... on Error { message }
    ... on ConflictError { actualVersion expectedVersion key reason }
    ... on InvalidInputError { issues { message path } }
    ... on SessionArchivedError { sessionId }
    ... on SessionNotFoundError { key sessionId }
    ... on StorageError { isOutcomeUnknown isRetryable }
  }
}`;

/** The latest `limit` messages of a session, or all, oldest first, in a request for each 1,000; null if there is no such session. */
export async function readHistory(
  client: Sessiontree,
  place: Place,
  limit = Number.POSITIVE_INFINITY,
): Promise<StoredHistory | null> {
  const pages: StoredMessage[][] = [];
  let newest: Page | undefined;
  let before: string | null = null;
  for (let missing = limit; missing > 0; ) {
    const variables: object = { ...place, last: Math.min(missing, PAGE_SIZE_MAX), before };
    const { session }: { session: Page | null } = await client.request(HISTORY, variables);
    if (session === null) return null;
    newest ??= session;
    const { nodes, pageInfo } = session.history;
    pages.push([...nodes]);
    missing -= nodes.length;
    before = pageInfo.startCursor;
    if (!pageInfo.hasPreviousPage) break;
  }
  return newest ? { id: newest.id, version: newest.version, messages: pages.reverse().flat() } : null;
}

/**
 * The histories of sessions by their keys, without sessions that are gone: in a request for each 50, in more if those hold more than the server
 * answers at once, and in those of `readHistory` for each session of more than 1,000 messages.
 */
export async function readHistories(
  client: Sessiontree,
  keys: readonly string[],
  ownerId: string | undefined,
): Promise<Map<string, StoredHistory>> {
  const found = new Map<string, StoredHistory>();
  for (let start = 0; start < keys.length; start += SESSIONS_MAX) {
    const pages = await readPages(client, keys.slice(start, start + SESSIONS_MAX), ownerId);
    for (const [key, page] of pages) {
      const { id, version, history } = page;
      const whole = history.pageInfo.hasPreviousPage
        ? await readHistory(client, { key, ownerId })
        : { id, version, messages: history.nodes };
      if (whole) found.set(key, whole);
    }
  }
  return found;
}

/** The latest messages of sessions by their keys, up to 1,000 of each. */
async function readPages(
  client: Sessiontree,
  keys: readonly string[],
  ownerId: string | undefined,
): Promise<(readonly [key: string, page: Page])[]> {
  const variables = Object.fromEntries(keys.map((key, n) => [`key${n}`, key]));
  const text = `
query ($ownerId: String, ${keys.map((_, n) => `$key${n}: String!`).join(', ')}) {
  ${keys.map((_, n) => `s${n}: session(key: $key${n}, ownerId: $ownerId) { ...Latest }`).join('\n  ')}
}
fragment Latest on Session {
  id version history(last: ${PAGE_SIZE_MAX}) { nodes { ${MESSAGE} } pageInfo { hasPreviousPage startCursor } }
}`;
  try {
    const sessions = await client.request<Record<string, Page | null>>(text, { ...variables, ownerId });
    return keys.flatMap((key, n) => {
      const page = sessions[`s${n}`];
      return page ? [[key, page] as const] : [];
    });
  } catch (error) {
    const isTooMuch = error instanceof RequestError && error.code === 'BUDGET_EXCEEDED';
    if (!isTooMuch || keys.length === 1) throw error;
    const half = keys.length >> 1;
    const first = await readPages(client, keys.slice(0, half), ownerId);
    return [...first, ...(await readPages(client, keys.slice(half), ownerId))];
  }
}

/** True if a write was refused because the session is at another version than it expects: another writer was faster. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ConflictError && error.reason === 'VERSION';
}

/** The error of a history that does not end with the `count` items that are to be replaced. */
export function suffixConflict(key: string, count: number): ConflictError {
  return new ConflictError({
    __typename: 'ConflictError',
    message: `Expected the history of the session with the key ${JSON.stringify(key)} to end with the ${count} items that are to be replaced, but it ends otherwise: read it again.`,
    reason: 'VERSION',
    key: null,
    expectedVersion: null,
    actualVersion: null,
  });
}

/** Drops the latest message of a session, at the expected version if one is given, and answers with it: null if there is none. */
export async function popMessage(
  client: Sessiontree,
  place: Place,
  expectedVersion?: number,
): Promise<{ id: string; version: number; message: StoredMessage } | null> {
  const input = { ...place, dropLast: 1, expectedVersion, operationId: crypto.randomUUID() };
  const { writeHistory: popped } = await client.request<{ writeHistory: Popped | Refused }>(POP, { input });
  if (isRefused(popped)) {
    if (popped.__typename === 'SessionNotFoundError') return null;
    const Class = (sessiontree as unknown as Record<string, typeof MutationError>)[popped.__typename];
    throw new (Class ?? MutationError)(popped);
  }
  const [message] = popped.removed;
  return message ? { ...popped.session, message } : null;
}

interface Popped {
  readonly __typename: 'WriteHistoryPayload';
  readonly removed: readonly StoredMessage[];
  readonly session: { readonly id: string; readonly version: number };
}

type Refused = ConstructorParameters<typeof MutationError>[0];

function isRefused(result: Popped | Refused): result is Refused {
  return result.__typename !== 'WriteHistoryPayload';
}
