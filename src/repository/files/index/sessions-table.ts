import type { SessionState } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';
import { RowInsertion, RowQueue } from './row-insertion.ts';
import type { SessionRow } from './session-row.ts';

/** Where a session is in its tree. */
type PlaceInTree = Pick<SessionRow, 'seq' | 'root_id' | 'depth'>;

/** How sessions come into the index, each with its place. */
export class SessionsTable {
  readonly #db: IndexDatabase;
  readonly #rows: RowQueue;
  /** Only while the index is being filled. */
  #latest: LatestPlaces | null = null;
  /** So many children have come of the session with this number, since that was last written. Only while the index is being filled. */
  readonly #children = new Map<number, number>();

  constructor(db: IndexDatabase) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_SESSIONS);
  }

  /** Its place comes from its parent, where that is there; `mtime` is its file's, in milliseconds. */
  add(state: SessionState, mtime: number): void {
    const parent = state.parentId === null ? undefined : this.place(state.parentId);
    const place = {
      seq: state.sequence,
      root_id: parent?.root_id ?? state.id,
      depth: parent ? parent.depth + 1 : 0,
    };
    const row = rowOf(state, mtime, place, parent?.seq ?? null);
    const isOrphan = state.parentId !== null && !parent;
    // Whoever makes its parent anew looks for it in the table.
    const changes = isOrphan ? null : this.#db.behind.changes;
    if (changes) {
      changes.addSession(row.id, Object.values(row), textOf(state));
      this.#db.recent.remember(row);
    } else this.#rows.add(Object.values(row));
    if (!this.#db.filling) return;
    this.#latest ??= new LatestPlaces();
    this.#latest.add(state.id, place);
    if (!parent) return;
    this.#children.set(parent.seq, (this.#children.get(parent.seq) ?? 0) + 1);
    if (this.#children.size > MOST_COUNTS) this.#writeCounts();
  }

  /** What a mutation of its own file has made of a session that is there; `mtime` is the file's, in milliseconds. */
  update(state: SessionState, mtime: number): void {
    const changed = changedBy(state, mtime);
    const values = [...CHANGED.map((column) => changed[column]), state.sequence];
    const { changes } = this.#db.behind;
    if (changes) changes.updateSession(state.sequence, values, textOf(state));
    else this.#db.run(UPDATE_SESSION, ...values);
    this.#db.recent.change(state.id, changed);
  }

  /** Of the session `id`; undefined where there is none. */
  place(id: string): PlaceInTree | undefined {
    return (
      this.#latest?.get(id) ??
      this.#db.recent.get(id) ??
      this.#db.get('SELECT seq, root_id, depth FROM sessions WHERE id = ?', id)
    );
  }

  /** Is there a session `id`? */
  has(id: string): boolean {
    const isInTable = () => this.#db.getWritten('SELECT 1 FROM sessions WHERE id = ?', id) !== undefined;
    return this.#db.behind.hasSession(id) || isInTable();
  }

  /** Is there a session with this number? */
  isTaken(sequence: number): boolean {
    return (
      this.#latest?.has(sequence) ??
      this.#db.get('SELECT 1 FROM sessions WHERE seq = ?', sequence) !== undefined
    );
  }

  /** To be called before anybody else looks at a table that is being filled. */
  flush(): void {
    this.#rows.flush();
    this.#writeCounts();
  }

  #writeCounts(): void {
    this.#rows.flush();
    for (const [parent, count] of this.#children)
      this.#db.run('UPDATE sessions SET child_count = child_count + ? WHERE seq = ?', count, parent);
    this.#children.clear();
  }

  /** To be called when the table is full: from now on its rows say all. */
  filled(): void {
    this.#latest = null;
  }
}

/** Counts of children in memory, at most. */
const MOST_COUNTS = 100_000;

/** Places in one half of what is kept: most sessions come soon after their parents. */
const HALF = 25_000;

/** The sessions that came last, those among them whose rows wait: their places need not be looked up. */
class LatestPlaces {
  #young = new Places();
  /** Those that came before the young ones. */
  #old = new Places();
  /** Of all that ever came. */
  #highest = 0;

  add(id: string, place: PlaceInTree): void {
    if (this.#young.byId.size === HALF) {
      this.#old = this.#young;
      this.#young = new Places();
    }
    this.#young.byId.set(id, place);
    this.#young.sequences.add(place.seq);
    this.#highest = Math.max(this.#highest, place.seq);
  }

  get(id: string): PlaceInTree | undefined {
    return this.#young.byId.get(id) ?? this.#old.byId.get(id);
  }

  /** Is there one with this number? Undefined where only the table can say. */
  has(sequence: number): boolean | undefined {
    // They come in the order of their numbers, mostly.
    if (sequence > this.#highest) return false;
    return this.#young.sequences.has(sequence) || this.#old.sequences.has(sequence) ? true : undefined;
  }
}

class Places {
  readonly byId = new Map<string, PlaceInTree>();
  readonly sequences = new Set<number>();
}

/** Of a new session, with its columns as the schema has them. */
function rowOf(
  state: SessionState,
  mtime: number,
  place: PlaceInTree,
  parentSequence: number | null,
): SessionRow {
  return {
    seq: place.seq,
    id: state.id,
    parent_id: state.parentId,
    parent_seq: parentSequence,
    arrival: state.arrival,
    root_id: place.root_id,
    depth: place.depth,
    child_count: 0,
    user_id: state.userId,
    title: state.title,
    created_at: state.createdAt,
    last_active_at: state.lastActiveAt,
    message_count: state.messageCount,
    history_length: state.historyLength,
    next_ordinal: state.nextOrdinal,
    input_tokens: state.inputTokens,
    output_tokens: state.outputTokens,
    cost_usd: state.costUsd,
    forked_from: state.forkedFrom,
    archived_at: state.archivedAt,
    version: state.version,
    last_seq: state.lastSeq,
    size: state.size,
    mtime,
    metadata: state.metadata,
  };
}

/** Characters in its row that may be many. */
function textOf({ title, metadata }: SessionState): number {
  return metadata.length + (title?.length ?? 0);
}

/** What a mutation of a session's own file can change of its row. */
const CHANGED = [
  'title',
  'last_active_at',
  'message_count',
  'history_length',
  'next_ordinal',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'version',
  'last_seq',
  'size',
  'mtime',
  'metadata',
] as const;

function changedBy(state: SessionState, mtime: number): Pick<SessionRow, (typeof CHANGED)[number]> {
  return {
    title: state.title,
    last_active_at: state.lastActiveAt,
    message_count: state.messageCount,
    history_length: state.historyLength,
    next_ordinal: state.nextOrdinal,
    input_tokens: state.inputTokens,
    output_tokens: state.outputTokens,
    cost_usd: state.costUsd,
    version: state.version,
    last_seq: state.lastSeq,
    size: state.size,
    mtime,
    metadata: state.metadata,
  };
}

/** Its values are those of the `CHANGED` columns, and the session's sequence number. */
export const UPDATE_SESSION = `UPDATE sessions SET ${CHANGED.map((column) => `${column} = ?`).join(', ')} WHERE seq = ?`;

/** Columns as the schema has them. */
export const INTO_SESSIONS = new RowInsertion('sessions', 25);
