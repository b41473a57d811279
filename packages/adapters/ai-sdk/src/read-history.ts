import { type MessageRole, SessionNotFoundError, type Sessiontree } from '@sessiontree/client';

/** A message of a history, as far as either SDK needs it. */
export interface StoredMessage {
  readonly id: string;
  readonly key: string | null;
  readonly position: number;
  readonly role: MessageRole;
  readonly createdAt: string;
  readonly payload: unknown;
}

/** A history, and the session at the time. */
export interface StoredHistory {
  readonly version: number;
  readonly historyLength: number;
  readonly messages: readonly StoredMessage[];
}

interface Page {
  readonly version: number;
  readonly historyLength: number;
  readonly history: {
    readonly nodes: readonly StoredMessage[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** Without contents: a payload has all of a message, so that they would come twice. */
const HISTORY = `query History($id: ID!, $after: String) {
  session(id: $id) {
    version
    historyLength
    history(first: 1000, after: $after) {
      nodes { id key position role createdAt payload }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

/**
 * A whole history: one request for a thousand messages or 64 MiB. Rejects with a `SessionNotFoundError` if there is no such session.
 */
export async function readHistory(client: Sessiontree, sessionId: string): Promise<StoredHistory> {
  const first = await readPage(client, sessionId, null);
  const messages = [...first.history.nodes];
  for (let { pageInfo } = first.history; pageInfo.hasNextPage; ) {
    const page = await readPage(client, sessionId, pageInfo.endCursor);
    messages.push(...page.history.nodes);
    pageInfo = page.history.pageInfo;
  }
  return { version: first.version, historyLength: first.historyLength, messages };
}

async function readPage(client: Sessiontree, sessionId: string, after: string | null): Promise<Page> {
  const { session } = await client.request<{ session: Page | null }>(HISTORY, { id: sessionId, after });
  if (session) return session;
  const message = `Expected a session, got none with the id ${JSON.stringify(sessionId)}. Create the session first.`;
  throw new SessionNotFoundError({ __typename: 'SessionNotFoundError', message, sessionId, key: null });
}

const CONTENTS = 'query Contents($ids: [ID!]!) { nodes(ids: $ids) { id ... on Message { content } } }';
/** The server's limit `nodeIds`. */
const IDS_MAX = 1_000;

/** The contents of messages by their ids: no request for none, one for a thousand. */
export async function readContents(
  client: Sessiontree,
  messages: readonly StoredMessage[],
): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for (let from = 0; from < messages.length; from += IDS_MAX) {
    const ids = messages.slice(from, from + IDS_MAX).map(({ id }) => id);
    const { nodes } = await client.request<{ nodes: ({ id: string; content: string } | null)[] }>(CONTENTS, {
      ids,
    });
    for (const node of nodes) if (node) contents.set(node.id, node.content);
  }
  return contents;
}
