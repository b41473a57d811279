import type { Session } from '../model/session.ts';
import type { RestoredMessage, RestoreSession } from './mutations.ts';

/** All that a store holds, for `SessionStore.load` of another one. Nothing is read before `parts` are asked for. */
export interface Dump {
  /** The id of the store that is dumped. */
  readonly storeId: string;
  /**
   * In this order: all sessions, the end of sessions, all tombstones, all operations. Trees come in the order of the `sequence` of their roots, and the sessions
   * of a tree in pre-order: parents first, siblings in the order of their arrival. The operations of a session stand together.
   */
  readonly parts: AsyncIterable<DumpedPart>;
}

export type DumpedPart =
  | { readonly type: 'session'; readonly session: DumpedSession }
  /** Messages of sessions can be read until the next part is asked for. */
  | { readonly type: 'endOfSessions' }
  /** At least one, and at most `DUMPED_AT_ONCE`. */
  | { readonly type: 'tombstones'; readonly tombstones: readonly DumpedTombstone[] }
  /** At least one, and at most `DUMPED_AT_ONCE`. */
  | { readonly type: 'operations'; readonly operations: readonly DumpedOperation[] };

export const DUMPED_AT_ONCE = 1_000;

export interface DumpedSession extends Omit<RestoreSession, 'messages'> {
  /** Orders the session in lists: no other session of the store has the same. */
  readonly sequence: number;
  /** Orders the session among the children of its parent, deleted ones too. */
  readonly arrival: number;
  /** The number of messages that truncations dropped. */
  readonly droppedCount: number;
  /**
   * All that were ever appended, in the order of their ordinals: `historyLength` and `droppedCount` together. May be called again, until
   * the part behind the end of sessions is asked for.
   */
  readonly messages: () => AsyncIterable<DumpedMessage>;
}

export interface DumpedMessage extends RestoredMessage {
  /** In the history, or where it stood when it was dropped. */
  readonly position: number;
  /** True if a truncation dropped the message. */
  readonly isDropped: boolean;
  /** True for a dropped message whose usage a message with the same key has taken over. */
  readonly isTakenOver: boolean;
}

/** A deleted session: its id stays taken. */
export interface DumpedTombstone {
  readonly id: string;
  /** The parent that it had; null for a root. */
  readonly parentId: string | null;
  /** As in `DumpedSession`. */
  readonly arrival: number;
  /** The user of the root of its tree; null for nobody, or if the store does not know that. */
  readonly ownerId: string | null;
  /** What late retries of its operations are answered with. Null if it had no operations, or if its deletion purged it. */
  readonly last: LastState | null;
}

export type LastState = Pick<
  Session,
  | 'sequence'
  | 'rootId'
  | 'depth'
  | 'userId'
  | 'createdAt'
  | 'lastActiveAt'
  | 'messageCount'
  | 'historyLength'
  | 'version'
>;

/** A recorded operation, with all that the answer to a retry needs beside its input and the session. */
export interface DumpedOperation {
  readonly id: string;
  readonly caller: string | null;
  readonly fingerprint: string;
  /** The session that it changed, which may be deleted. */
  readonly sessionId: string;
  readonly at: Date;
  /**
   * Of an append: the ordinal and the position of its first message. Of a truncation: the number of messages that it dropped, and of those
   * that stayed. Null for other operations.
   */
  readonly ordinal: number | null;
  readonly position: number | null;
  /** What does not follow from `ordinal` and `position`; null if all does. */
  readonly answer: DumpedAnswer | null;
  /** The ordinals of the messages that it dropped and that the store still has, as runs. */
  readonly dropped: readonly OrdinalRun[];
  /** Of a deletion: the sessions that it deleted, in the order of its answer. */
  readonly deletedIds: readonly string[];
  /** The sessions that an archival changed, or that a deletion reparented, in the order of the answer. */
  readonly changedIds: readonly string[];
  /** Of a move: the parent before it; null for a root, and for other operations. */
  readonly formerParentId: string | null;
}

export interface DumpedAnswer {
  readonly isNew: boolean;
  readonly removedCount: number;
  /**
   * For each message that the operation was given, in that order: its ordinal, its position, and 1 if it was there and was left as it was, 2 if it
   * got another form. Null: they were appended one after the other.
   */
  readonly messages: readonly (readonly number[])[] | null;
}

/** All ordinals from the first to the last. */
export type OrdinalRun = readonly [first: number, last: number];

export interface LoadOptions {
  /** Called now and then with what was loaded so far. */
  readonly onProgress?: ((loaded: Loaded) => void) | undefined;
}

/** What a load has brought, with what an earlier, interrupted one had brought. */
export interface Loaded {
  readonly sessions: number;
  /** With those that truncations dropped. */
  readonly messages: number;
  readonly tombstones: number;
  readonly operations: number;
  /** How many of the sessions an earlier load had brought. */
  readonly sessionsBefore: number;
}

/** The store cannot be loaded, since it holds something else. Nothing was changed. */
export class LoadRefusedError extends Error {
  override readonly name = 'LoadRefusedError';

  static itself(): LoadRefusedError {
    return new LoadRefusedError('Expected another store, got this store itself, or a copy of its records.');
  }

  /** The store is becoming the copy of another one. */
  static unfinished(): LoadRefusedError {
    return new LoadRefusedError(
      'Another store is being copied into this one, and is not whole yet: finish that, or begin with an empty store.',
    );
  }

  static notEmpty(): LoadRefusedError {
    return new LoadRefusedError('Expected an empty store to copy into, got one that has, or had, sessions.');
  }

  static changed(sessionId: string): LoadRefusedError {
    return new LoadRefusedError(
      `The session "${sessionId}" was changed here, or in the store that it comes from, since it was copied: begin again with an empty store.`,
    );
  }
}

/** The runs of ordinals, which are in ascending order. */
export function runsOf(ordinals: Iterable<number>): OrdinalRun[] {
  const runs: [number, number][] = [];
  for (const ordinal of ordinals) {
    const last = runs.at(-1);
    if (last?.[1] === ordinal - 1) last[1] = ordinal;
    else runs.push([ordinal, ordinal]);
  }
  return runs;
}
