import { type Message, type NewMessage, NO_TEXTS } from '../../model/message.ts';
import type { Session } from '../../model/session.ts';
import type { AnswerLimits, WriteHistory, WrittenHistory } from '../mutations.ts';
import type { ReadLimit } from '../reads.ts';
import {
  answerOf,
  appending,
  type Described,
  type HistoryChange,
  historyRecords,
  LEFT,
  type MessageWrite,
  type Place,
  placesOf,
  REPLACED,
  storedFormOf,
  updateTo,
} from '../records/encode-history.ts';
import type { MetadataLimits, Stamp } from '../records/mutation-records.ts';
import type { OperationAnswer, SessionRecord } from '../records/record.ts';
import type { AppliedOperation, SessionState } from '../records/session-state.ts';
import { messageOf } from '../records/stored-message.ts';
import { TextAllowance } from '../text-allowance.ts';
import { allowanceOf, type HistoryInput, type HistoryPlan, readDropped } from './history-plan.ts';
import type { HistoryView, MessagePlace, PlannedSession } from './history-view.ts';
import { refuseArchived } from './preconditions.ts';

/** A write to a session that is there, which may also change what the session says of itself. */
export interface HistoryWrite extends HistoryInput, Described {
  /** True for a truncation, which raises the version even if it drops nothing. */
  readonly isTruncation?: boolean;
  /** What the session was named by, if not by its id. */
  readonly named?: Required<Pick<WriteHistory, 'key' | 'ownerId'>> | undefined;
}

/** True for an append of messages without keys, and nothing else: it depends on nothing that is there, and needs no plan. */
export function isAppendAlone(input: HistoryWrite): boolean {
  const { keep, keepThroughKey, dropLast, messages, named } = input;
  const { title, status, statusMessage, metadata, setMetadata } = input;
  return (
    keep == null &&
    keepThroughKey == null &&
    dropLast == null &&
    !named &&
    title === undefined &&
    status == null &&
    statusMessage === undefined &&
    metadata == null &&
    setMetadata == null &&
    messages != null &&
    messages.length > 0 &&
    messages.every(({ key }) => key == null)
  );
}

/** True if a retry cannot be answered from the place of the first message alone. */
function hasAnswer(input: HistoryWrite): boolean {
  return input.messages != null && !isAppendAlone(input);
}

/** What a write records. */
export interface RecordedHistory {
  readonly change: HistoryChange;
  /** Where each message of the change stands afterwards. */
  readonly places: readonly Place[];
  readonly records: SessionRecord[];
}

/**
 * The records of a write to a session in `state`; `plan` is null for an append alone. Throws a SessionArchivedError, or an
 * InvalidInputError if the changed metadata exceeds its limits.
 */
export function recordHistory(
  stamp: Stamp,
  state: SessionState,
  input: HistoryWrite,
  plan: HistoryPlan | null,
  limits: MetadataLimits,
): RecordedHistory {
  refuseArchived(state.id, state.archivedAt);
  const change = plan ? changeOf(state, input, plan, limits) : appending(state, input.messages ?? []);
  const places = placesOf(state, change);
  const { operation } = stamp;
  if (!operation || !hasAnswer(input))
    return { change, places, records: historyRecords(stamp, state, change, places) };
  const removedCount = state.historyLength - change.keep;
  const answer: OperationAnswer = {
    removedCount: removedCount || undefined,
    messages: answerOf(change, places),
  };
  const records = historyRecords({ ...stamp, operation: { ...operation, answer } }, state, change, places);
  return { change, places, records };
}

function changeOf(
  state: SessionState,
  input: HistoryWrite,
  { keep, users, writes }: HistoryPlan,
  limits: MetadataLimits,
): HistoryChange {
  const isTruncated = input.isTruncation === true || keep < state.historyLength;
  return { keep, isTruncated, users, writes, described: updateTo(state, input, limits) };
}

/** The answer to a write at the time `at`; `session` is the session after it. */
export function writtenHistory(
  session: Session,
  at: Date,
  plan: HistoryPlan | null,
  { change, places }: Pick<RecordedHistory, 'change' | 'places'>,
): WrittenHistory {
  return {
    session,
    isNew: false,
    removed: plan?.removed ?? [],
    removedCount: plan ? plan.row.historyLength - plan.keep : 0,
    messages: change.writes.map((write, n) => messageAt(session.id, at, write, places[n]!)),
  };
}

/** A message after the write, as a read would return it. */
export function messageAt(
  sessionId: string,
  at: Date,
  write: MessageWrite,
  { ordinal, position }: Place,
): Message {
  if (write.kind === 'leave') return write.message;
  const replacedAt = write.kind === 'replace' ? at : null;
  return messageOf(storedFormOf(write), { sessionId, at, ordinal, position, replacedAt });
}

/**
 * The answer to a retry of a write; `session` is the session as it is now, or what is known of it once it is deleted. The retry has the
 * input of the first request. Rejects with a ReadTooLargeError if the answer would exceed `limits`.
 */
export async function writtenBefore<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  applied: AppliedOperation,
  session: Session,
  { messages }: Pick<WriteHistory, 'messages'>,
  limits: AnswerLimits,
): Promise<WrittenHistory> {
  const answer = applied.answer === null ? null : (JSON.parse(applied.answer) as OperationAnswer);
  const original = answer?.original;
  const isSaid = answer !== null && original === undefined;
  const hasMessages = messages != null && messages.length > 0;
  const { removed } = limits;
  const allowance = allowanceOf(limits);
  return {
    session,
    isNew: answer?.isNew ?? false,
    // Where no `answer` says it, only a write without messages has dropped any.
    removedCount: answer?.removedCount ?? (isSaid || hasMessages ? 0 : (applied.ordinal ?? 0)),
    removed: removed
      ? await readDropped(view, removed, allowance, (most) =>
          original ? droppedAmong(view, original.dropped ?? [], most) : view.droppedBy(applied.seq, most),
        )
      : [],
    messages: await messagesBefore(view, applied, answer, messages ?? [], limits.messages, allowance),
  };
}

/** The first `most` of the messages whose ordinals are in one of the runs. */
async function droppedAmong<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  runs: readonly (readonly number[])[],
  most: number,
): Promise<readonly Place[]> {
  const ordinals: number[] = [];
  for (const [first, last] of runs)
    for (let ordinal = first!; ordinal <= last! && ordinals.length < most; ordinal += 1)
      ordinals.push(ordinal);
  const known = await view.ever(ordinals);
  return ordinals.flatMap((ordinal) => known.get(ordinal)?.place ?? []);
}

/** Those of the messages that were redacted, by their ordinals. */
async function redactedAmong<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  places: readonly Place[],
): Promise<ReadonlySet<number>> {
  const limit = { messages: places.length, bytes: 0, shown: NO_TEXTS };
  const read = places.length > 0 ? await view.read(places, limit, new TextAllowance()) : [];
  return new Set(read.filter(({ redactedAt }) => redactedAt !== null).map(({ ordinal }) => ordinal));
}

async function messagesBefore<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  { sessionId, at, ordinal, position }: AppliedOperation,
  answer: OperationAnswer | null,
  given: readonly NewMessage[],
  limit: ReadLimit | null,
  allowance: TextAllowance,
): Promise<Message[]> {
  if (given.length === 0) return [];
  const written = given.map((message, n) => {
    const [own = (ordinal ?? 0) + n, place = (position ?? 0) + n, mark] = answer?.messages?.[n] ?? [];
    return { message, ordinal: own, position: place, mark };
  });
  const known = await view.ever(written.map((one) => one.ordinal));
  // In a copy of another store, only the messages themselves say that they were redacted.
  const redacted = answer?.original
    ? await redactedAmong(
        view,
        [...known.values()].map(({ place }) => place),
      )
    : null;
  const shown = written.flatMap(({ ordinal, mark }) => {
    const found = known.get(ordinal);
    const isShown = found && (mark === LEFT || found.isRedacted || redacted?.has(ordinal));
    return isShown ? found.place : [];
  });
  const read = limit && shown.length > 0 ? await view.read(shown, limit, allowance) : [];
  const stored = new Map(read.map((message) => [message.ordinal, message]));
  return written.map(({ message, mark, ...place }) => {
    const asStored = stored.get(place.ordinal);
    if (asStored) return asStored;
    const found = known.get(place.ordinal);
    const createdAt = message.createdAt ?? (found ? new Date(found.place.createdAt) : null);
    const write = { kind: 'append', message: { ...message, createdAt } } as const;
    const shownAs = messageAt(sessionId, new Date(at), write, place);
    return mark === REPLACED ? { ...shownAs, replacedAt: new Date(at) } : shownAs;
  });
}
