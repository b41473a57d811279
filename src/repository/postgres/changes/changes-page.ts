import { SessionNotFoundError } from '../../../model/errors.ts';
import type { Sight } from '../../../model/sight.ts';
import type { ChangeKind, ChangesPage, ChangesRequest, SessionChange } from '../../changes.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import { isWithin } from '../rows/path.ts';
import type { Places } from '../rows/places.ts';
import { ownerColumn } from '../rows/session-row.ts';
import { type ContentsSince, contentsSince } from './contents-since.ts';
import type { KnownSession } from './known-session.ts';
import { KnownSessions } from './known-sessions.ts';
import { latestChanges, type Scope } from './latest-changes.ts';
import { encodeMark, isHonoured, type Mark, markOf, parseMark, type Series, seriesAfter } from './mark.ts';
import { movesSince, treesAround } from './moves-since.ts';
import { isVisible, readNow, type StoreNow } from './snapshot.ts';
import { TreeSince } from './tree-since.ts';

/** Changes that one page looks at, at most: a page that finds nothing to tell must end, too. */
const LOOKED_AT_MAX = 10_000;
/** Changes that are read at once, at least and at most. */
const BATCH_MIN = 50;
const BATCH_MAX = 1_000;

const SELECT_HOMES = 'SELECT homes FROM trees WHERE home = $1::int8 AND root = $2::int8';

/** A page of `changesSince`, which `SessionRepository` describes, from one state of the database, to which `queries` must belong. */
export async function changesPage(
  queries: Queries,
  places: Places,
  { within, after, limit, sight }: ChangesRequest,
  options?: ReadOptions,
): Promise<ChangesPage> {
  const now = await readNow(queries, options);
  const known = new KnownSessions(queries, places, options);
  const withinId = sight?.withinId ?? null;
  if (within !== null) await known.load(withinId === null ? [within] : [within, withinId]);
  const session = within === null ? undefined : known.get(within);
  // Whoever looked before may have seen a session that has gone away since.
  if (
    within !== null &&
    !(session && isInSight(session, sight, withinId === null ? null : known.get(withinId)))
  )
    throw new SessionNotFoundError(within);
  const parsed = parseMark(after);
  const mark = parsed && isHonoured(parsed, now) ? parsed : null;
  const state = { mark: encodeMark(markOf(now)), isUpToDate: true, isReset: false, isOver: false };
  if (session?.deleted) {
    const tree = new TreeSince(known, { top: null, owner: undefined }, []);
    if (mark) tree.addMoves(await movesSince(queries, mark.base, [session], options));
    const deleted = change('DELETED', session.id, { formerParentId: tree.formerParent(session) });
    return { ...state, changes: [deleted], rootId: null, isOver: true };
  }
  const rootId = session?.root_id ?? null;
  if (!mark) return { ...state, changes: [], rootId, isReset: true };
  const pages = new ChangesToTell(queries, known, { mark, now, top: session ?? null, sight, options });
  return { ...state, ...(await pages.page(limit)), rootId };
}

function isInSight(
  { owner, root, path }: KnownSession,
  sight: Sight | null | undefined,
  top: KnownSession | null | undefined,
): boolean {
  if (!sight) return true;
  if (sight.ownerId !== undefined && owner !== ownerColumn(sight.ownerId)) return false;
  return top === null || (top !== undefined && root === top.root && isWithin(path, top.path));
}

interface Reader {
  readonly mark: Mark;
  readonly now: StoreNow;
  readonly top: KnownSession | null;
  readonly sight: Sight | null | undefined;
  readonly options: ReadOptions | undefined;
}

/** What is told of one session after the other. */
class ChangesToTell {
  readonly #queries: Queries;
  readonly #known: KnownSessions;
  readonly #reader: Reader;
  readonly #series: readonly Series[];
  readonly #tree: TreeSince;
  readonly #isWholeStore: boolean;

  constructor(queries: Queries, known: KnownSessions, reader: Reader) {
    const { mark, now, top, sight } = reader;
    this.#queries = queries;
    this.#known = known;
    this.#reader = reader;
    this.#series = seriesAfter(mark, now);
    // What is beneath a session has its owner.
    const owner = top || sight?.ownerId === undefined ? undefined : ownerColumn(sight.ownerId);
    this.#tree = new TreeSince(known, { top, owner }, this.#series);
    this.#isWholeStore = !top && owner === undefined;
  }

  async page(limit: number): Promise<Partial<ChangesPage> & Pick<ChangesPage, 'changes'>> {
    const { mark, options } = this.#reader;
    const scope = await this.#scope();
    const changes: SessionChange[] = [];
    let looked = 0;
    for (const series of this.#series) {
      let { upTo } = series;
      for (let isEnded = false; !isEnded; ) {
        const size = Math.min(BATCH_MAX, Math.max(BATCH_MIN, limit + 1 - changes.length));
        const rows = await latestChanges(this.#queries, scope, series, upTo, size, options);
        isEnded = rows.length < size;
        const contents = await this.#prepare(rows);
        let passed = 0;
        for (const row of rows) {
          if (changes.length >= limit || looked >= LOOKED_AT_MAX) {
            const middle = { told: series.told, goal: series.goal, upTo };
            return { changes, mark: encodeMark({ ...mark, middle }), isUpToDate: false };
          }
          const before = changes.length;
          this.#tell(row, contents, changes);
          if (changes.length === before) passed += 1;
          const { clock, number, deleted, place } = row;
          upTo = { clock, number, deleted, place };
          looked += 1;
        }
        options?.onWalk?.(passed);
        throwIfOver(options);
      }
    }
    return { changes };
  }

  /** Where to look. For a part of the store, all moves are read: they say which other sessions were once in it. */
  async #scope(): Promise<Scope> {
    const { mark, top, options } = this.#reader;
    if (this.#isWholeStore) return null;
    const moves = await movesSince(this.#queries, mark.base, null, options);
    if (!top) {
      this.#tree.addMoves(moves);
      return null;
    }
    const roots = treesAround(top.root, moves);
    this.#tree.addMoves(moves.filter((move) => roots.has(move.to_root)));
    if (roots.size > 1) return { roots: [...roots] };
    const [tree] = await this.#queries.rows<{ homes: number[] }>(
      SELECT_HOMES,
      [top.root_home, top.root],
      options,
    );
    return { root: top.root, homes: tree!.homes };
  }

  /** Reads all that is asked about these sessions. */
  async #prepare(rows: readonly KnownSession[]): Promise<Map<number, ContentsSince>> {
    const tree = this.#tree;
    const { mark, options } = this.#reader;
    this.#known.add(rows);
    if (this.#isWholeStore) tree.addMoves(await movesSince(this.#queries, mark.base, rows, options));
    else if (tree.needsAncestors) {
      const walked = await this.#known.loadAbove(rows, (session) => tree.formerOf(session));
      options?.onWalk?.(walked);
    }
    const there = rows.filter((row) => !row.deleted && tree.isIn(row));
    const asked = there.map((row) => ({ home: row.home, sid: row.sid, isNew: this.#isNew(row) }));
    return await contentsSince(this.#queries, mark.base, asked, options);
  }

  #isNew({ created_clock: clock }: KnownSession): boolean {
    return !isVisible(this.#reader.mark.base, clock);
  }

  /**
   * Adds the changes of a session since the base.
   *
   * They tell enough to a reader that knows the session, and those around it, as of any time since the base: it may have read them
   * between the base and now, or an earlier page may have told of them.
   */
  #tell(row: KnownSession, contents: ReadonlyMap<number, ContentsSince>, changes: SessionChange[]): void {
    const tree = this.#tree;
    const { id } = row;
    const moved = { formerParentId: tree.formerParent(row) };
    if (row.deleted) {
      if (tree.wasEverIn(row)) changes.push(change('DELETED', id, moved));
      return;
    }
    const isNew = this.#isNew(row);
    const isMoved = tree.isMoved(row);
    if (!tree.isIn(row)) {
      if ((isNew || isMoved) && tree.wasEverIn(row)) changes.push(change('LEFT', id, moved));
      return;
    }
    const hasStayed = !isMoved || tree.isStayingIn(row);
    const withAnother = tree.comesWithAnotherAt(row);
    if (withAnother) {
      // If that one leaves before it is told, the reader must not have this one in its former place.
      if (!hasStayed && tree.isBehind(withAnother, row)) changes.push(change('LEFT', id, moved));
      return;
    }
    if (!hasStayed) {
      changes.push(change('ENTERED', id));
      return;
    }
    const before = changes.length;
    if (isNew) changes.push(change('CREATED', id));
    else if (isMoved) changes.push(change('MOVED', id, moved));
    this.#tellContents(row, contents.get(row.sid)!, changes);
    if (changes.length === before) changes.push(change('UPDATED', id));
  }

  #tellContents({ id, ...row }: KnownSession, contents: ContentsSince, changes: SessionChange[]): void {
    const { truncated, replaced, appended } = contents;
    // Whoever has read some of a new session's messages must hear that they left.
    if (truncated !== null) changes.push(change('TRUNCATED', id, { fromPosition: truncated }));
    if (replaced.length > 0) {
      const ordinals = replaced.map(({ ordinal }) => ordinal);
      changes.push(change('REPLACED', id, { fromPosition: replaced[0]!.position, ordinals }));
    }
    if (appended !== null) changes.push(change('APPENDED', id, { fromPosition: appended }));
    const isUpdated = !isVisible(this.#reader.mark.base, row.updated_clock);
    if (isUpdated && !this.#isNew({ id, ...row })) changes.push(change('UPDATED', id));
  }
}

function change(
  kind: ChangeKind,
  sessionId: string,
  more: Partial<Omit<SessionChange, 'kind' | 'sessionId'>> = {},
): SessionChange {
  return { kind, sessionId, formerParentId: null, fromPosition: null, ordinals: [], ...more };
}
