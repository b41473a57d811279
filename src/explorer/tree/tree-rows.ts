import type { Session, SessionChange } from '@sessiontree/client';
import type { TreeRowFragment } from '../generated/operations.ts';
import { addUp, NOTHING, type Span, type Sums, spanOf } from './sums.ts';

/** Levels below the root that are open at first. */
const OPEN_LEVELS = 2;

/** A row that is shown, with its place among its siblings, as assistive technology wants to know. */
export interface ShownRow {
  readonly session: TreeRowFragment;
  /** 0 for the root. */
  readonly level: number;
  readonly isOpen: boolean;
  readonly hasChildren: boolean;
  readonly setSize: number;
  readonly positionInSet: number;
}

/**
 * The sessions of a tree in pre-order: flat, as the server answers them. With 10,000 sessions, each step here is a loop over an array,
 * and takes about a millisecond.
 */
export class TreeRows {
  #sessions: TreeRowFragment[] = [];
  readonly #opened = new Map<string, boolean>();
  #sums: Map<string, Sums> | null = null;
  #shown: ShownRow[] | null = null;
  #span: Span | null = null;
  #isWhole = true;
  /** The last session and those above it, where more come after it. */
  #cutPath: ReadonlySet<string> | null = null;

  get size(): number {
    return this.#sessions.length;
  }

  get root(): TreeRowFragment | undefined {
    return this.#sessions[0];
  }

  get sessions(): readonly TreeRowFragment[] {
    return this.#sessions;
  }

  /** The root first, then its descendants in pre-order: all of them, or the first ones. */
  set(sessions: readonly TreeRowFragment[], isWhole = true): void {
    this.#sessions = [...sessions];
    this.#isWhole = isWhole;
    this.#forget();
  }

  /** False for a session beneath which there may be more than was read: what comes next is beneath the last one, or what is above it. */
  isWhole(id: string): boolean {
    const last = this.#isWhole ? undefined : this.#sessions.at(-1);
    this.#cutPath ??= new Set(last && [last.id, ...this.ancestorsOf(last.id).map((above) => above.id)]);
    return !this.#cutPath.has(id);
  }

  find(id: string): TreeRowFragment | undefined {
    return this.#sessions.find((session) => session.id === id);
  }

  /** The sessions above one, from the root on. */
  ancestorsOf(id: string): TreeRowFragment[] {
    const ancestors: TreeRowFragment[] = [];
    const byId = new Map(this.#sessions.map((session) => [session.id, session]));
    for (let at = byId.get(id); at?.parentId != null; ) {
      at = byId.get(at.parentId);
      if (at) ancestors.unshift(at);
    }
    return ancestors;
  }

  isOpen(session: TreeRowFragment): boolean {
    return this.#opened.get(session.id) ?? session.depth - this.root!.depth < OPEN_LEVELS;
  }

  open(id: string, isOpen: boolean): void {
    this.#opened.set(id, isOpen);
    this.#shown = null;
  }

  /** Opens or closes all beneath a session, and the session. */
  openAll(id: string, isOpen: boolean): void {
    const start = this.#sessions.findIndex((session) => session.id === id);
    for (const session of this.#sessions.slice(start, this.#endOf(start)))
      this.#opened.set(session.id, isOpen);
    this.#shown = null;
  }

  /** Opens what is above a session, so that it is shown. */
  reveal(id: string): void {
    for (const ancestor of this.ancestorsOf(id)) if (!this.isOpen(ancestor)) this.open(ancestor.id, true);
  }

  /** A session and all beneath it, in pre-order. */
  subtreeOf(id: string): readonly TreeRowFragment[] {
    const start = this.#sessions.findIndex((session) => session.id === id);
    return start === -1 ? [] : this.#sessions.slice(start, this.#endOf(start));
  }

  /** Shows other values of some sessions, until the store tells of later ones. */
  patch(ids: readonly string[], change: Partial<TreeRowFragment>): void {
    const set = new Set(ids);
    this.#sessions = this.#sessions.map((session) =>
      set.has(session.id) ? { ...session, ...change } : session,
    );
    this.#forget();
  }

  /** From when the first session was created to when the last one was active, in milliseconds. */
  get span(): Span {
    this.#span ??= spanOf(this.#sessions);
    return this.#span;
  }

  sumsOf(id: string): Sums {
    this.#sums ??= addUp(this.#sessions);
    return this.#sums.get(id) ?? NOTHING;
  }

  /** The rows that are not beneath a closed one. */
  get shown(): readonly ShownRow[] {
    this.#shown ??= this.#show();
    return this.#shown;
  }

  /**
   * Applies what happened to a session. Safe to repeat: an older version than the one that is there changes nothing. Returns false if the
   * session came with others beneath it, which must be read.
   */
  apply({ kind, sessionId, session }: Pick<SessionChange, 'kind' | 'sessionId' | 'session'>): boolean {
    if (kind === 'DELETED' || kind === 'LEFT') {
      this.#cut(sessionId);
      return true;
    }
    if (!session) return true;
    const at = this.#sessions.findIndex(({ id }) => id === sessionId);
    if (at === -1) {
      if (kind === 'ENTERED' || kind === 'MOVED') return false;
      this.#insert([rowOf(session)], session.parentId);
      return true;
    }
    const before = this.#sessions[at]!;
    if (session.version < before.version) return true;
    if (kind === 'MOVED' || before.parentId !== session.parentId) {
      const steps = session.depth - before.depth;
      const moved = this.#cut(sessionId).map((row) => ({ ...row, depth: row.depth + steps }));
      // The session from which the tree is shown takes all of it along.
      if (at === 0) this.#sessions = moved;
      else this.#insert(moved, session.parentId);
    }
    const now = this.#sessions.findIndex(({ id }) => id === sessionId);
    if (now !== -1) this.#sessions[now] = { ...this.#sessions[now]!, ...fieldsOf(session) };
    this.#forget();
    return true;
  }

  /** Puts a subtree, in pre-order, in the place of what is known of it, as the last child of its parent. */
  insertSubtree(sessions: readonly TreeRowFragment[]): void {
    const [top] = sessions;
    if (!top) return;
    this.#cut(top.id);
    this.#insert(sessions, top.parentId);
  }

  #insert(sessions: readonly TreeRowFragment[], parentId: string | null): void {
    const parent = this.#sessions.findIndex(({ id }) => id === parentId);
    if (parent === -1) return;
    this.#sessions.splice(this.#endOf(parent), 0, ...sessions);
    this.#forget();
  }

  #cut(id: string): TreeRowFragment[] {
    const start = this.#sessions.findIndex((session) => session.id === id);
    if (start === -1) return [];
    this.#forget();
    return this.#sessions.splice(start, this.#endOf(start) - start);
  }

  /** The index after the last session beneath the one at `start`. */
  #endOf(start: number): number {
    const { depth } = this.#sessions[start]!;
    let end = start + 1;
    while (end < this.#sessions.length && this.#sessions[end]!.depth > depth) end += 1;
    return end;
  }

  #forget(): void {
    this.#sums = null;
    this.#shown = null;
    this.#span = null;
    this.#cutPath = null;
  }

  #show(): ShownRow[] {
    const shown: ShownRow[] = [];
    if (!this.root) return shown;
    const top = this.root.depth;
    const siblings = new Map<string | null, number>();
    for (const { parentId } of this.#sessions) siblings.set(parentId, (siblings.get(parentId) ?? 0) + 1);
    const placed = new Map<string | null, number>();
    let closedDepth = Number.POSITIVE_INFINITY;
    for (const [n, session] of this.#sessions.entries()) {
      if (session.depth > closedDepth) continue;
      const position = (placed.get(session.parentId) ?? 0) + 1;
      placed.set(session.parentId, position);
      const isOpen = this.isOpen(session);
      const hasChildren = (this.#sessions[n + 1]?.depth ?? 0) > session.depth;
      closedDepth = isOpen ? Number.POSITIVE_INFINITY : session.depth;
      shown.push({
        session,
        level: session.depth - top,
        isOpen,
        hasChildren,
        setSize: n === 0 ? 1 : siblings.get(session.parentId)!,
        positionInSet: position,
      });
    }
    return shown;
  }
}

function rowOf(session: Session): TreeRowFragment {
  return { ...fieldsOf(session), id: session.id, forkedFrom: session.forkedFrom };
}

/** Those members of a session that a row shows. */
function fieldsOf(session: Session): Omit<TreeRowFragment, 'id' | 'forkedFrom'> {
  const { parentId, depth, title, agentName, status, statusMessage, archivedAt, createdAt } = session;
  const { lastActiveAt, messageCount, historyLength, version, usage } = session;
  return {
    parentId,
    depth,
    title,
    agentName,
    status,
    statusMessage,
    archivedAt,
    createdAt,
    lastActiveAt,
    messageCount,
    historyLength,
    version,
    usage,
  };
}
