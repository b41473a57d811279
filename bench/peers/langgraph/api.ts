import { EXCHANGE } from '../content.ts';
import { get, post } from '../http.ts';
import type { FixtureSession, HttpRequest } from '../peer.ts';

/** The graph's name in the configuration. */
export const GRAPH = 'chat';
/** The node of the graph as which messages are written. */
const NODE = 'answer';

/** Metadata that makes threads a tree: LangGraph itself has no trees. */
export interface TreeMetadata {
  readonly root_id: string;
  readonly parent_id: string | null;
  readonly title: string;
}

/** A thread in an answer. */
export interface Thread {
  readonly thread_id: string;
  readonly metadata: TreeMetadata;
  /** The graph's whole state, if messages were written. */
  readonly values?: { readonly messages: readonly unknown[] };
}

/** The largest page of a search. */
export const MOST = 1_000;

export function thread(id: string): HttpRequest {
  return get(`/threads/${id}`);
}

export function state(id: string): HttpRequest {
  return get(`/threads/${id}/state`);
}

/** Threads, the newest first, with the given members or all. */
export function search(query: {
  readonly metadata?: Partial<TreeMetadata>;
  readonly limit: number;
  readonly offset?: number;
  readonly select?: readonly string[];
}): HttpRequest {
  return post('/threads/search', query);
}

/** Creates a thread with its first messages in one request. */
export function create(
  metadata: TreeMetadata,
  id?: string,
  messages: FixtureSession['messages'] = [],
): HttpRequest {
  const updates = [{ values: valuesOf(messages), as_node: NODE }];
  return post('/threads', {
    thread_id: id,
    metadata: { ...metadata, graph_id: GRAPH },
    ...(messages.length > 0 && { supersteps: [{ updates }] }),
  });
}

/** Adds an exchange to the state of a thread. */
export function sendExchange(id: string): HttpRequest {
  const values = valuesOf([
    { role: 'user', text: EXCHANGE.message },
    { role: 'assistant', text: EXCHANGE.response },
  ]);
  return post(`/threads/${id}/state`, { values, as_node: NODE });
}

function valuesOf(messages: FixtureSession['messages']): object {
  return { messages: messages.map(({ role, text }) => ({ role, content: text })) };
}
