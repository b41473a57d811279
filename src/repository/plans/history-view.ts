import type { Message } from '../../model/message.ts';
import type { ReadLimit } from '../reads.ts';
import type { MessageLocation, SessionState } from '../records/session-state.ts';
import type { TextAllowance } from '../text-allowance.ts';

/** What the plan of a write has to know of the session. */
export type PlannedSession = Pick<
  SessionState,
  'id' | 'historyLength' | 'messageCount' | 'version' | 'archivedAt'
>;

/** Where a message stands in its history. A store can add what it needs to read the message. */
export type MessagePlace = Pick<MessageLocation, 'ordinal' | 'position' | 'createdAt'>;

/** A message that is, or was, in a history. */
export interface KnownMessage<Place> {
  readonly place: Place;
  readonly isRedacted: boolean;
}

/**
 * The history of one session, as the plan of a write sees it. A store makes a view for each plan, and lets nobody write the history while
 * a plan that is to be written uses the view. `Row` is how the store holds a session, `Place` how it finds a message.
 */
export interface HistoryView<
  Row extends PlannedSession = PlannedSession,
  Place extends MessagePlace = MessagePlace,
> {
  readonly sessionId: string;
  /** The session; undefined if it is not there. */
  session(): Promise<Row | undefined>;
  /** The messages of the history that have one of `keys`, by their keys. */
  withKeys(keys: readonly string[]): Promise<ReadonlyMap<string, Place>>;
  /** The messages from `position` on, the first `most` of them, in the order of the history. */
  from(position: number, most: number): Promise<readonly Place[]>;
  /** The number of messages from `position` on that are a user's. */
  usersFrom(position: number): Promise<number>;
  /** What the mutation with sequence number `seq` dropped: the first `most` messages, in the order of their ordinals. */
  droppedBy(seq: number, most: number): Promise<readonly Place[]>;
  /** The messages with these ordinals, those that were dropped among them, by their ordinals. */
  ever(ordinals: readonly number[]): Promise<ReadonlyMap<number, KnownMessage<Place>>>;
  /**
   * The readable ones of the messages at `places`, in their order, with the texts that `limit` shows; all texts if it names none. The
   * bytes that are read for these are told to its `onRead`. Rejects with a ReadTooLargeError if the allowance is used up.
   */
  read(places: readonly Place[], limit: ReadLimit, allowance: TextAllowance): Promise<readonly Message[]>;
  /**
   * The messages at `places` with all their texts, in whatever order, each with its index in `places`; null for one that cannot be
   * read. They may be too many to be in memory at the same time.
   */
  readWhole(places: readonly Place[]): AsyncIterable<readonly [n: number, message: Message | null]>;
}
