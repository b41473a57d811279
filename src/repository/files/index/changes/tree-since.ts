import { ownerOf } from '../in-sight.ts';
import type { SessionRow } from '../session-row.ts';
import type { Steps } from '../steps.ts';
import type { IndexTables } from '../tables.ts';
import { latestPlace } from './latest-changes.ts';
import { type ChangePlace, isAfter, type Mark } from './mark.ts';

/** Which part of the store: beneath a session, or all trees of an owner. Without both, all of the store. */
export interface Part {
  readonly top: SessionRow | null;
  /** Null: of nobody; undefined: of all. */
  readonly ownerId: string | null | undefined;
}

/** Where a session, which may be deleted, is and was. */
interface Places {
  /** The parent that it has now, or had when it was deleted; undefined if nothing is known of the session. */
  readonly parentId: string | null | undefined;
  /** Its user; of a deleted session the owner of its tree. */
  readonly userId: string | null | undefined;
  /** The parents before each of its moves since the base, the earliest first. */
  readonly former: readonly (string | null)[];
}

const SELECT_FORMER = `SELECT former_parent_id AS parentId FROM tree_changes
  WHERE id = ? AND seq > ? AND moved = 1 ORDER BY seq`;

const UNMOVED: readonly (string | null)[] = [];

/**
 * A part of the store, called the tree, as it is, and as it has been since the base of a mark. All questions are
 * answered from one state of the index, which must not change meanwhile.
 */
export class TreeSince {
  readonly #tables: IndexTables;
  readonly #top: SessionRow | null;
  readonly #ownerId: string | null | undefined;
  readonly #mark: Mark;
  /** False if no session moved since the base: then no session needs a query. */
  readonly #isAnyMoved: boolean;
  readonly #places = new Map<string, Places>();
  readonly #in = new Map<number, boolean>();
  readonly #steady = new Map<string, boolean>();
  readonly #touched = new Map<string, boolean>();
  /** Where what is beneath a session is told to come in. */
  readonly #entering = new Map<number, ChangePlace | null>();

  constructor(tables: IndexTables, { top, ownerId }: Part, mark: Mark) {
    this.#tables = tables;
    this.#top = top;
    this.#ownerId = ownerId;
    this.#mark = mark;
    const sql = 'SELECT 1 FROM tree_changes WHERE seq > ? LIMIT 1';
    this.#isAnyMoved = tables.connection.written.get(sql, mark.base) !== undefined;
  }

  isMoved(id: string): boolean {
    return this.#placesOf(id).former.length > 0;
  }

  /** The parent as of the base, of a session that existed then. */
  formerParent(id: string): string | null {
    const { parentId, former } = this.#placesOf(id);
    return (former.length > 0 ? former[0] : parentId) ?? null;
  }

  /** True if the session is the top of the tree, or beneath it. */
  *isIn(row: SessionRow): Steps<boolean> {
    const top = this.#top;
    if (!top) return this.#ownerId === undefined || ownerOf(this.#tables, row) === this.#ownerId;
    return yield* this.#above(this.#in, row, (each) => {
      if (each.sequence === top.sequence) return true;
      return each.rootId !== top.rootId || each.depth <= top.depth ? false : undefined;
    });
  }

  /** True if the session, deleted or not, may have been in the tree at some time since the base. */
  *wasEverIn(id: string): Steps<boolean> {
    if (this.#isAll) return true;
    const seen = new Set([id]);
    let isFound = false;
    for (const each of seen) {
      isFound = each === this.#top?.id || this.#touched.get(each) === true;
      if (isFound) break;
      if (this.#touched.get(each) === false) continue;
      const { parentId, former } = this.#placesOf(each);
      isFound = this.#wasOwn(each);
      if (isFound) break;
      for (const parent of [parentId, ...former]) if (parent != null) seen.add(parent);
      yield 1;
    }
    if (isFound) this.#touched.set(id, true);
    else for (const each of seen) this.#touched.set(each, false);
    return isFound;
  }

  /**
   * True if the session has only moved between parents that have been in the tree all the time, since the base or since they were
   * created, wherever they and those above them were: the reader never had to drop it.
   */
  *isStayingIn(id: string): Steps<boolean> {
    if (id === this.#top?.id) return true;
    const { parentId, former } = this.#placesOf(id);
    for (const parent of [parentId, ...former]) if (!(yield* this.#isSteady(parent, id))) return false;
    return true;
  }

  /**
   * Where in the order of changes the session comes in with one above it that is told after the mark; null if it does not. Of several,
   * the topmost brings all. `row` must be in the tree.
   */
  *comesWithAnotherAt(row: SessionRow): Steps<ChangePlace | null> {
    const top = this.#top;
    if (this.#isAll || !this.#isAnyMoved || row.sequence === top?.sequence) return null;
    const path: SessionRow[] = [];
    let place: ChangePlace | null | undefined;
    for (
      let above = this.#parentOf(row);
      above && above.sequence !== top?.sequence;
      above = this.#parentOf(above)
    ) {
      place = this.#entering.get(above.sequence);
      if (place !== undefined) break;
      path.push(above);
      yield 1;
    }
    place ??= null;
    for (const above of path.reverse()) {
      place ??= yield* this.#entersAt(above);
      this.#entering.set(above.sequence, place);
    }
    return place;
  }

  *#entersAt({ id, lastSeq }: SessionRow): Steps<ChangePlace | null> {
    if (!this.isMoved(id)) return null;
    const place = latestPlace(this.#tables, id, lastSeq);
    return isAfter(place, this.#mark.upTo) && !(yield* this.isStayingIn(id)) ? place : null;
  }

  /** True if no session is outside of the tree. */
  get #isAll(): boolean {
    return this.#top === null && this.#ownerId === undefined;
  }

  /** True if the session is of the owner, whose tree it is if it is a root. */
  #isOwnRoot(id: string): boolean {
    return this.#ownerId !== undefined && this.#placesOf(id).userId === this.#ownerId;
  }

  /** True if the session, deleted or not, was a root of the owner at some time since the base, or was deleted in a tree of the owner. */
  #wasOwn(id: string): boolean {
    if (!this.#isOwnRoot(id)) return false;
    const { parentId, former } = this.#placesOf(id);
    return !this.#tables.sessions.row(id) || [parentId, ...former].includes(null);
  }

  /**
   * True if the session, deleted or not, is in the tree and has been since the base, without a move of it or of one above it. If the id
   * is null: if `beneath`, which was a root then, was a tree of its own in this one.
   */
  *#isSteady(id: string | null | undefined, beneath: string): Steps<boolean> {
    if (this.#isAll) return true;
    const path: string[] = [];
    let isSteady = id === null && this.#isOwnRoot(beneath);
    for (let at = id; at != null; ) {
      const known = at === this.#top?.id ? true : this.#steady.get(at);
      if (known !== undefined) {
        isSteady = known;
        break;
      }
      // Copied files can be their own ancestors.
      this.#steady.set(at, false);
      path.push(at);
      const { parentId, former }: Places = this.#placesOf(at);
      if (former.length > 0) break;
      if (parentId === null) isSteady = this.#isOwnRoot(at);
      at = parentId;
      yield 1;
    }
    for (const each of path) this.#steady.set(each, isSteady);
    return isSteady;
  }

  /** The answer that `find` gives for the first session that it knows one for, on the way up from `row`: it is that of all on the way. */
  *#above(
    answers: Map<number, boolean>,
    row: SessionRow,
    find: (row: SessionRow) => boolean | undefined,
  ): Steps<boolean> {
    const path: number[] = [];
    for (let at = row; ; at = this.#parentOf(at)!) {
      const answer = answers.get(at.sequence) ?? find(at);
      if (answer !== undefined) {
        for (const each of path) answers.set(each, answer);
        return answer;
      }
      path.push(at.sequence);
      yield 1;
    }
  }

  #parentOf({ parentSequence }: SessionRow): SessionRow | undefined {
    return parentSequence === null ? undefined : this.#tables.sessions.rowAt(parentSequence);
  }

  #placesOf(id: string): Places {
    let places = this.#places.get(id);
    if (!places) {
      const { sessions, tombstones } = this.#tables;
      const row = sessions.row(id);
      const buried = row ? undefined : tombstones.get(id);
      const { parentId } = row ?? buried ?? {};
      places = { parentId, userId: row ? row.userId : buried?.ownerId, former: this.#formerOf(id) };
      this.#places.set(id, places);
    }
    return places;
  }

  #formerOf(id: string): readonly (string | null)[] {
    if (!this.#isAnyMoved) return UNMOVED;
    const rows = this.#tables.connection.written.all<{ parentId: string | null }>(
      SELECT_FORMER,
      id,
      this.#mark.base,
    );
    return rows.map(({ parentId }) => parentId);
  }
}
