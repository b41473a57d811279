import type { SessionRepository } from '../../../src/repository/repository.ts';
import type { WatchedSessionFragment, WatchTreeSubscription } from '../../generated/graphql.ts';
import { graphql } from '../../generated/index.ts';
import { type Api, createApi } from '../../support/api.ts';
import { openSubscription, type Subscribed } from './subscription.ts';

graphql(`
  fragment WatchedSession on Session {
    id parentId version title archivedAt historyLength
    history(first: 1000) { nodes { id position content } }
  }
`);

const TREE = graphql(`
  query WatchedTree($id: ID!) {
    store { cursor }
    session(id: $id) { ...WatchedSession descendants(first: 1000) { nodes { ...WatchedSession } } }
  }
`);

const WATCH = graphql(`
  subscription WatchTree($within: ID!, $after: String!) {
    sessionChanges(within: $within, after: $after) {
      cursor isUpToDate isReset
      changes {
        kind sessionId fromPosition
        session { id parentId version title archivedAt historyLength }
        messages(first: 1000) { id position content }
      }
    }
  }
`);

type Change = WatchTreeSubscription['sessionChanges']['changes'][number];
type WatchedMessage = WatchedSessionFragment['history']['nodes'][number];
type Held = Omit<WatchedSessionFragment, 'history'> & { messages: readonly WatchedMessage[] };

const heldOf = ({ history, ...session }: WatchedSessionFragment): Held => ({
  ...session,
  messages: history.nodes,
});

/** A session and all beneath it, as a query gives them, and the cursor of the store. */
async function readTree(api: Api, id: string) {
  const { store, session } = await api.query(TREE, { id });
  if (!session) return { cursor: store.cursor, sessions: [] };
  const { descendants, ...top } = session;
  return { cursor: store.cursor, sessions: [top, ...descendants.nodes].map(heldOf) };
}

const byId = (sessions: Iterable<Held>) => Object.fromEntries([...sessions].map((held) => [held.id, held]));

/** Draws a tree once, and follows it by the changes alone, as a front end does: what an event shows is not read again. */
export class WatchingClient {
  readonly #repository: SessionRepository;
  readonly #api: Api;
  readonly #top: string;
  readonly #held = new Map<string, Held>();
  #cursor = '';
  #stream: Subscribed<WatchTreeSubscription> | null = null;
  /** True once the session at the top is deleted. */
  isOver = false;

  constructor(repository: SessionRepository, top: string) {
    this.#repository = repository;
    this.#api = createApi(repository);
    this.#top = top;
  }

  async draw(): Promise<void> {
    const { cursor, sessions } = await readTree(this.#api, this.#top);
    this.#cursor = cursor;
    this.#held.clear();
    for (const held of sessions) this.#held.set(held.id, held);
  }

  /** What the client shows, and what a fresh query gives. */
  async both() {
    const { sessions } = await readTree(this.#api, this.#top);
    return { shown: byId(this.#held.values()), fresh: byId(sessions) };
  }

  async disconnect(): Promise<void> {
    await this.#stream?.close();
    this.#stream = null;
  }

  /** Applies events until one says that there are no more. A client that was connected gets no event if nothing has happened to it. */
  async catchUp(): Promise<void> {
    // A budget so small that pages of changes are divided.
    this.#stream ??= await openSubscription(
      this.#repository,
      WATCH,
      { within: this.#top, after: this.#cursor },
      { objects: 40 },
    );
    for (let isUpToDate = false; !isUpToDate && !this.isOver; ) {
      const { sessionChanges } = (await this.#stream.next())!;
      for (const change of sessionChanges.changes) await this.#apply(change);
      this.#cursor = sessionChanges.cursor;
      isUpToDate = sessionChanges.isUpToDate;
    }
  }

  async #apply({ kind, sessionId: id, fromPosition, session, messages }: Change): Promise<void> {
    if (kind === 'LEFT') return this.#drop(id);
    if (kind === 'DELETED') {
      this.#held.delete(id);
      this.isOver ||= id === this.#top;
      return;
    }
    if (kind === 'ENTERED') {
      this.#drop(id);
      for (const held of (await readTree(this.#api, id)).sessions) this.#held.set(held.id, held);
      return;
    }
    const held = this.#held.get(id);
    // A later event tells of its deletion.
    if (!session || (!held && kind !== 'CREATED')) return;
    this.#held.set(id, { ...session, messages: changed(held?.messages ?? [], kind, fromPosition, messages) });
  }

  /** Drops a session and all beneath it. */
  #drop(id: string): void {
    this.#held.delete(id);
    for (const held of [...this.#held.values()])
      if (held.parentId === id && held.id !== this.#top) this.#drop(held.id);
  }
}

function changed(
  held: readonly WatchedMessage[],
  kind: Change['kind'],
  from: number | null | undefined,
  messages: readonly WatchedMessage[],
): readonly WatchedMessage[] {
  if (kind === 'REPLACED') {
    const replaced = new Map(messages.map((message) => [message.position, message]));
    return held.map((message) => replaced.get(message.position) ?? message);
  }
  if (from == null) return held;
  return [...held.filter(({ position }) => position < from), ...messages];
}
