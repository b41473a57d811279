import type { Session, SessionChange, SessionChanges } from '@sessiontree/client';
import { ask } from '../api/client.ts';
import { Feed } from '../api/feed.ts';
import {
  FirstWordsDocument,
  TreeDocument,
  type TreeQuery,
  type TreeRowFragment,
} from '../generated/operations.ts';
import { Observable } from '../parts/observable.ts';
import { TreeRows } from './tree-rows.ts';

/** An agent writes a few messages at once. What is shown of longer writes is read. */
const MESSAGES = 10;

/** Sessions that are shown at once, while the others are read. */
const FIRST = 200;
/** Sessions of one answer, at most. */
const MOST = 10_000;

export type TreeState = 'loading' | 'there' | 'missing' | 'deleted' | 'failed';

type Watcher = (changes: readonly SessionChange[], isReset: boolean) => void;

/** The tree that is open. It follows the store. */
export class OpenTree extends Observable {
  readonly id: string;
  readonly rows = new TreeRows();
  readonly feed: Feed;
  state: TreeState = 'loading';
  error: Error | null = null;
  /** A cursor for the sessions that were not read yet; null if all are there. */
  #rest: string | null = null;
  /** Whether more sessions are being read. */
  isReading = false;
  readonly #abort = new AbortController();
  readonly #watchers = new Set<Watcher>();
  readonly #firstWords = new Map<string, string>();

  constructor(id: string) {
    super();
    this.id = id;
    this.feed = new Feed(id, MESSAGES, (changes) => this.#take(changes));
    void this.read();
  }

  get hasMore(): boolean {
    return this.#rest !== null;
  }

  /** Reads the tree anew. */
  async read(): Promise<void> {
    // Sessions that are shown already are replaced all at once.
    const isFirst = this.state !== 'there';
    try {
      const { store, session } = await this.#request(this.id, null, isFirst ? FIRST : MOST);
      this.error = null;
      if (!session) {
        this.state = 'missing';
        this.feed.end();
      } else {
        const { descendants, ...root } = session;
        this.#rest = restOf(session);
        this.rows.set([root, ...descendants.nodes], this.#rest === null);
        this.state = 'there';
        if (isFirst && this.hasMore) await this.more();
        if (this.#abort.signal.aborted) return;
        // From before the first answer on: what changed since is told, also of sessions that came later.
        this.feed.follow(store.cursor);
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      // What is there stays: it is old, which the feed says.
      this.error = error as Error;
      if (this.state !== 'there') {
        this.state = 'failed';
        this.feed.end(this.error);
      }
    }
    this.changed();
  }

  /** Reads the next ten thousand sessions. If that fails, `error` says why, and it can be tried again. */
  async more(): Promise<void> {
    this.isReading = true;
    this.changed();
    try {
      const { session } = await this.#request(this.id, this.#rest, MOST);
      this.#rest = session && restOf(session);
      this.error = null;
      const known = new Set(this.rows.sessions.map(({ id }) => id));
      const others = session?.descendants.nodes.filter(({ id }) => !known.has(id)) ?? [];
      this.rows.set([...this.rows.sessions, ...others], this.#rest === null);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error as Error;
    }
    this.isReading = false;
    this.changed();
  }

  /** Shows what a mutation answered, before the feed tells of it. */
  took(kind: SessionChange['kind'], session: Session): void {
    this.#apply({ kind, sessionId: session.id, session });
    this.changed();
  }

  /** Shows what a mutation is about to change. */
  patch(ids: readonly string[], change: Partial<Pick<TreeRowFragment, 'title' | 'archivedAt'>>): void {
    this.rows.patch(ids, change);
    this.changed();
  }

  /** Calls `watcher` with what changes, after the rows have changed. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  open(id: string, isOpen: boolean): void {
    this.rows.open(id, isOpen);
    this.changed();
  }

  openAll(id: string, isOpen: boolean): void {
    this.rows.openAll(id, isOpen);
    this.changed();
  }

  reveal(id: string): void {
    this.rows.reveal(id);
    this.changed();
  }

  /** The first words of a session without a title, once they are read. */
  firstWordsOf(id: string): string | null {
    return this.#firstWords.get(id) ?? null;
  }

  /** Reads the first words of sessions that are shown, and have no title. */
  async readFirstWords(ids: readonly string[]): Promise<void> {
    const unknown = ids.filter((id) => !this.#firstWords.has(id));
    if (unknown.length === 0) return;
    for (const id of unknown) this.#firstWords.set(id, '');
    try {
      const { nodes } = await ask(FirstWordsDocument, { ids: unknown });
      for (const node of nodes)
        if (node && 'firstWords' in node)
          this.#firstWords.set(node.id, node.firstWords.nodes[0]?.content ?? '');
    } catch {
      for (const id of unknown) this.#firstWords.delete(id);
    }
    this.changed();
  }

  close(): void {
    this.#abort.abort();
    this.feed.stop();
  }

  #request(id: string, after: string | null, first: number): Promise<TreeQuery> {
    return ask(TreeDocument, { id, after, first }, this.#abort.signal);
  }

  #take({ changes, isReset }: SessionChanges): void {
    if (isReset) void this.read();
    for (const change of changes) {
      this.#apply(change);
      if (change.kind === 'DELETED' && change.sessionId === this.id) this.state = 'deleted';
    }
    for (const watcher of this.#watchers) watcher(changes, isReset);
    this.changed();
  }

  #apply(change: Pick<SessionChange, 'kind' | 'sessionId' | 'session'>): void {
    if (!this.rows.apply(change)) void this.#readSubtree(change.sessionId);
  }

  /** A session was moved into the tree, with all beneath it. */
  async #readSubtree(id: string): Promise<void> {
    try {
      const { session } = await this.#request(id, null, MOST);
      if (!session) return;
      const { descendants, ...top } = session;
      this.rows.insertSubtree([top, ...descendants.nodes]);
    } catch {
      if (!this.#abort.signal.aborted) void this.read();
      return;
    }
    this.changed();
  }
}

function restOf({ descendants: { pageInfo } }: NonNullable<TreeQuery['session']>): string | null {
  return pageInfo.hasNextPage ? pageInfo.endCursor : null;
}
