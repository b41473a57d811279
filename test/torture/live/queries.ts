import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  Replica,
  type ReplicaMessage,
  type ReplicaReads,
  type ReplicaSession,
} from '../../support/replica.ts';
import { Fault } from '../part.ts';

/** More sessions, and messages of one, than there ever are. */
const ALL = 1_000;

/** All that a session says of itself, apart from what its messages and its children say. */
export const SAID = [
  'id',
  'parentId',
  'version',
  'title',
  'status',
  'metadata',
  'key',
  'userId',
  'archivedAt',
  'updatedAt',
  'historyLength',
] as const;
const SAID_FIELDS = SAID.join(' ');
export const MESSAGE = 'id position content';
const HISTORY = `history(first: ${ALL}) { nodes { ${MESSAGE} } pageInfo { hasNextPage } }`;
export const SESSION = `session { ${SAID_FIELDS} }`;

const TREE = `query ($id: ID!) {
  store { cursor }
  session(id: $id) { ...Whole descendants(first: ${ALL}) { nodes { ...Whole } pageInfo { hasNextPage } } }
}
fragment Whole on Session { ${SAID_FIELDS} ${HISTORY} }`;
const STORE = `query {
  store { cursor }
  sessions(first: ${ALL}, filter: { archived: INCLUDE }) { nodes { ${SAID_FIELDS} ${HISTORY} } pageInfo { hasNextPage } }
}`;
const ONE = `query ($id: ID!) { session(id: $id) { ${SAID_FIELDS} } }`;
const MESSAGES = `query ($id: ID!, $from: Int!) {
  session(id: $id) { history(first: ${ALL}, fromPosition: $from) { nodes { ${MESSAGE} } pageInfo { hasNextPage } } }
}`;

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

export interface SaidMessage {
  readonly id: string;
  readonly position: number;
  readonly content: string;
}

type WholeSession = ReplicaSession & {
  readonly history: Page<SaidMessage>;
  readonly descendants?: Page<WholeSession>;
};

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

/** The database of the server is away. */
const isAway = ({ errors }: Answer<unknown>) =>
  errors?.some(({ extensions }) => extensions?.code === 'STORE_UNAVAILABLE');

/** A server that may be away, and come back at another port. */
export interface Place {
  readonly port: () => number | null;
}

/** Milliseconds within which a server that was killed is there again. */
const PATIENCE_MS = 60_000;

/** Reads by queries of GraphQL, each of which is repeated until it is answered. */
export class Queries implements ReplicaReads {
  readonly #place: Place;
  /** Histories that came with their sessions. */
  readonly #histories = new Map<string, readonly ReplicaMessage[]>();

  #isOver = false;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Queries that are not answered yet are not repeated any more. */
  end(): void {
    this.#isOver = true;
  }

  async cursor(): Promise<string> {
    return (await this.#query<{ store: { cursor: string } }>('{ store { cursor } }', {})).store.cursor;
  }

  async tree(top: string | null): Promise<readonly ReplicaSession[] | null> {
    const query = top === null ? STORE : TREE;
    const { session, sessions } = await this.#query<{
      session?: WholeSession | null;
      sessions?: Page<WholeSession>;
    }>(query, { id: top });
    if (session === null) return null;
    const { descendants, ...self } = session ?? {};
    const found = sessions ?? descendants!;
    const all = [...(session ? [self as WholeSession] : []), ...wholeOf(found)];
    return all.map(({ history, ...said }) => {
      this.#histories.set(said.id, wholeOf(history).map(replicaMessage));
      return said;
    });
  }

  async session(id: string): Promise<ReplicaSession | null> {
    return (await this.#query<{ session: ReplicaSession | null }>(ONE, { id })).session;
  }

  async messages(sessionId: string, from: number): Promise<readonly ReplicaMessage[]> {
    const known = this.#histories.get(sessionId);
    this.#histories.delete(sessionId);
    if (known && from === 0) return known;
    const { session } = await this.#query<{ session: Pick<WholeSession, 'history'> | null }>(MESSAGES, {
      id: sessionId,
      from,
    });
    return session ? wholeOf(session.history).map(replicaMessage) : [];
  }

  async #query<Data>(query: string, variables: object): Promise<Data> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.#tryOnce<Data>(JSON.stringify({ query, variables }));
      if (answer?.data && !answer.errors) return answer.data;
      if (answer && !isAway(answer))
        throw new Fault(`a query was answered with ${JSON.stringify(answer.errors)}`);
      if (this.#isOver || Date.now() > deadline)
        throw new Fault(`no answer to a query in ${PATIENCE_MS / 1000} s`);
      await delay(20);
    }
  }

  /** Null if the server is not there, or went away. */
  async #tryOnce<Data>(body: string): Promise<Answer<Data> | null> {
    const port = this.#place.port();
    if (port === null) return null;
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body });
      return (await response.json()) as Answer<Data>;
    } catch (error) {
      // What `fetch` throws, and what a body that breaks off comes to.
      if (error instanceof TypeError || error instanceof SyntaxError) return null;
      throw error;
    }
  }
}

export function replicaMessage({ id, position, content }: SaidMessage): ReplicaMessage {
  return { ordinal: Number(id.slice(id.lastIndexOf(':') + 1)), position, content };
}

function wholeOf<Node>({ nodes, pageInfo }: Page<Node>): readonly Node[] {
  if (pageInfo.hasNextPage) throw new Error(`There are more than ${ALL} nodes.`);
  return nodes;
}

/** How a replica differs from what a fresh query gives; null if it does not. */
export async function differenceFrom(
  replica: Replica,
  within: string | null,
  queries: Queries,
): Promise<string | null> {
  const fresh = new Replica(queries, within);
  await fresh.readAll();
  const ids = new Set([...fresh.held.keys(), ...replica.held.keys()]);
  for (const id of ids) {
    const [expected, held] = [fresh.held.get(id), replica.held.get(id)];
    if (!isDeepStrictEqual(held, expected))
      return `session "${id}" is ${shown(held)}, expected ${shown(expected)}`;
  }
  return null;
}

const shown = (value: unknown) => (value === undefined ? 'not there' : JSON.stringify(value).slice(0, 700));
