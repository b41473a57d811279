import { isWithin } from '../rows/path.ts';
import type { KnownSession } from './known-session.ts';
import type { KnownSessions } from './known-sessions.ts';
import { isLater, type Series, type Turn, turnOf } from './mark.ts';
import type { Move } from './moves-since.ts';

/** Which part of the store: beneath a session, or all trees of an owner. Without both, all of the store. */
export interface Part {
  readonly top: KnownSession | null;
  /** As the column; undefined: of all. */
  readonly owner: string | undefined;
}

const UNMOVED: readonly (string | null)[] = [];

/**
 * A part of the store, called the tree, as it is, and as it has been since the base of a mark. The sessions that are asked about, and all that
 * is above them or was, must be known, unless the part is all of the store or nothing moved.
 */
export class TreeSince {
  readonly #known: Pick<KnownSessions, 'get'>;
  readonly #top: KnownSession | null;
  readonly #owner: string | undefined;
  readonly #series: readonly Series[];
  readonly #former = new Map<number, (string | null)[]>();
  readonly #steady = new Map<string, boolean>();
  readonly #touched = new Map<string, boolean>();
  /** When what is beneath a session is told to come in. */
  readonly #entering = new Map<string, Turn | null>();

  constructor(known: Pick<KnownSessions, 'get'>, { top, owner }: Part, series: readonly Series[]) {
    this.#known = known;
    this.#top = top;
    this.#owner = owner;
    this.#series = series;
  }

  /** Moves since the base, those of each session in order. */
  addMoves(moves: readonly Move[]): void {
    for (const { sid, former_parent_id: parentId } of moves) {
      const former = this.#former.get(sid);
      if (former) former.push(parentId);
      else this.#former.set(sid, [parentId]);
    }
  }

  /** True if the questions need what is above sessions. */
  get needsAncestors(): boolean {
    return !this.#isAll && this.#former.size > 0;
  }

  isMoved(session: KnownSession): boolean {
    return this.#former.has(session.sid);
  }

  /** The parents before each of its moves since the base, the earliest first. */
  formerOf({ sid }: KnownSession): readonly (string | null)[] {
    return this.#former.get(sid) ?? UNMOVED;
  }

  /** The parent as of the base, of a session that existed then. */
  formerParent(session: KnownSession): string | null {
    const former = this.formerOf(session);
    return former.length > 0 ? former[0]! : session.parent_id;
  }

  /** True if the session is the top of the tree, or beneath it; of a deleted one, if it was when it was deleted. */
  isIn(session: KnownSession): boolean {
    const top = this.#top;
    if (!top) return this.#owner === undefined || session.owner === this.#owner;
    return session.root === top.root && isWithin(session.path, top.path);
  }

  /** True if the session, deleted or not, may have been in the tree at some time since the base. */
  wasEverIn(session: KnownSession): boolean {
    if (!this.needsAncestors) return this.isIn(session);
    const seen = new Set([session.id]);
    let isFound = false;
    for (const id of seen) {
      isFound = id === this.#top?.id || this.#touched.get(id) === true;
      if (isFound) break;
      if (this.#touched.get(id) === false) continue;
      const each = this.#known.get(id);
      if (!each) continue;
      isFound = this.#wasOwn(each);
      if (isFound) break;
      for (const parent of [each.parent_id, ...this.formerOf(each)]) if (parent !== null) seen.add(parent);
    }
    if (isFound) this.#touched.set(session.id, true);
    else for (const each of seen) this.#touched.set(each, false);
    return isFound;
  }

  /**
   * True if the session has only moved between parents that have been in the tree all the time, since the base or since they were
   * created, wherever they and those above them were: the reader never had to drop it.
   */
  isStayingIn(session: KnownSession): boolean {
    if (session.id === this.#top?.id) return true;
    return [session.parent_id, ...this.formerOf(session)].every((parent) => this.#isSteady(parent, session));
  }

  /**
   * When the session comes in with one above it that is still to be told; null if it does not. Of several, the topmost brings all. The
   * session must be in the tree.
   */
  comesWithAnotherAt(session: KnownSession): Turn | null {
    if (!this.needsAncestors || session.id === this.#top?.id) return null;
    const path: KnownSession[] = [];
    let turn: Turn | null | undefined;
    for (
      let above = this.#parentOf(session);
      above && above.id !== this.#top?.id;
      above = this.#parentOf(above)
    ) {
      turn = this.#entering.get(above.id);
      if (turn !== undefined) break;
      path.push(above);
    }
    turn ??= null;
    for (const above of path.reverse()) {
      turn ??= this.#entersAt(above);
      this.#entering.set(above.id, turn);
    }
    return turn;
  }

  /** True if `turn` comes behind that of the session's latest change. */
  isBehind(turn: Turn, session: KnownSession): boolean {
    const own = turnOf(this.#series, session);
    return own !== null && isLater(turn, own);
  }

  #entersAt(session: KnownSession): Turn | null {
    return this.isMoved(session) && !this.isStayingIn(session) ? turnOf(this.#series, session) : null;
  }

  /** True if no session is outside of the tree. */
  get #isAll(): boolean {
    return this.#top === null && this.#owner === undefined;
  }

  /** True if the session is of the owner, whose tree it is if it is a root. */
  #isOwnRoot(session: KnownSession): boolean {
    return this.#owner !== undefined && session.own_user === this.#owner;
  }

  /** True if the session, deleted or not, was a root of the owner at some time since the base, or was deleted in a tree of the owner. */
  #wasOwn(session: KnownSession): boolean {
    if (!this.#isOwnRoot(session)) return false;
    return session.deleted === 1 || [session.parent_id, ...this.formerOf(session)].includes(null);
  }

  /**
   * True if the session is in the tree and has been since the base, without a move of it or of one above it. If the id
   * is null: if `beneath`, which was a root then, was a tree of its own in this one.
   */
  #isSteady(id: string | null, beneath: KnownSession): boolean {
    if (this.#isAll) return true;
    const path: string[] = [];
    let isSteady = id === null && this.#isOwnRoot(beneath);
    for (let at = id; at !== null; ) {
      const known = at === this.#top?.id ? true : this.#steady.get(at);
      if (known !== undefined) {
        isSteady = known;
        break;
      }
      path.push(at);
      const session = this.#known.get(at);
      if (!session || this.isMoved(session)) break;
      if (session.parent_id === null) isSteady = this.#isOwnRoot(session);
      at = session.parent_id;
    }
    for (const each of path) this.#steady.set(each, isSteady);
    return isSteady;
  }

  #parentOf({ parent_id: id }: KnownSession): KnownSession | undefined {
    return id === null ? undefined : this.#known.get(id);
  }
}
