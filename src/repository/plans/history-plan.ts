import { ConflictError, InvalidInputError, StorageError } from '../../model/errors.ts';
import { messageId } from '../../model/id.ts';
import { isSameJson } from '../../model/json.ts';
import type { Message, NewMessage } from '../../model/message.ts';
import type { AnswerLimits, WriteHistory } from '../mutations.ts';
import { type ReadLimit, ReadTooLargeError } from '../reads.ts';
import type { MessageWrite } from '../records/encode-history.ts';
import { storedMessageOf } from '../records/stored-message.ts';
import { TextAllowance } from '../text-allowance.ts';
import type { HistoryView, MessagePlace, PlannedSession } from './history-view.ts';
import { refuseArchived, refuseMissing, refuseOtherVersion } from './preconditions.ts';

/** A write to the history of a session that is there. */
export type HistoryInput = Pick<
  WriteHistory,
  'keep' | 'keepThroughKey' | 'dropLast' | 'messages' | 'onKey' | 'expectedVersion'
> & { readonly sessionId: string };

/** What a write will do, as of the state of the history that was read. */
export interface HistoryPlan<Row extends PlannedSession = PlannedSession> {
  readonly row: Row;
  readonly keep: number;
  /** How many of the messages that stay are a user's. */
  readonly users: number;
  readonly removed: readonly Message[];
  readonly writes: readonly MessageWrite[];
}

/**
 * Works out what a write does to a history, from the messages that are there. Rejects with the ClientError that the write would reject
 * with, or a ReadTooLargeError if its answer would exceed `limits`.
 */
export async function planHistory<Row extends PlannedSession, Place extends MessagePlace>(
  view: HistoryView<Row, Place>,
  input: HistoryInput,
  limits: AnswerLimits,
): Promise<HistoryPlan<Row>> {
  const { sessionId, expectedVersion } = input;
  const row = await view.session();
  refuseMissing(sessionId, row);
  refuseOtherVersion(row, expectedVersion);
  refuseArchived(sessionId, row.archivedAt);
  const keys = keysOf(input);
  const keyed: ReadonlyMap<string, Place> = keys.length === 0 ? new Map() : await view.withKeys(keys);
  const keep = keepOf(input, row, keyed);
  const allowance = allowanceOf(limits);
  const writes = await plannedWrites(view, input, keyed, keep, limits.messages, allowance);
  const isCut = keep < row.historyLength;
  const { removed: limit } = limits;
  const removed =
    limit && isCut ? await readDropped(view, limit, allowance, (most) => view.from(keep, most)) : [];
  const users = isCut ? row.messageCount - (await view.usersFrom(keep)) : row.messageCount;
  return { row, keep, users, removed, writes };
}

/** The keys of messages that may be there. */
function keysOf({ keepThroughKey, messages }: HistoryInput): string[] {
  const keys = (messages ?? []).flatMap(({ key }) => key ?? []);
  return keepThroughKey == null ? keys : [keepThroughKey, ...keys];
}

function keepOf(
  { keep, keepThroughKey, dropLast }: HistoryInput,
  { historyLength }: PlannedSession,
  keyed: ReadonlyMap<string, MessagePlace>,
): number {
  if (keep != null) {
    if (keep <= historyLength) return keep;
    throw unfit('keep', `expected at most ${historyLength}, the length of the history, got ${keep}`);
  }
  if (keepThroughKey != null) {
    const place = keyed.get(keepThroughKey);
    if (place) return place.position + 1;
    throw unfit('keepThroughKey', `expected the key of a message of the history, got "${keepThroughKey}"`);
  }
  return historyLength - Math.min(dropLast ?? 0, historyLength);
}

/** The readable ones of the messages that `locate` finds, which gets the number of those that are needed. Rejects as `planHistory` does. */
export async function readDropped<Place extends MessagePlace>(
  view: Pick<HistoryView<PlannedSession, Place>, 'read'>,
  limit: ReadLimit,
  allowance: TextAllowance,
  locate: (most: number) => Promise<readonly Place[]>,
): Promise<readonly Message[]> {
  const { first = Number.POSITIVE_INFINITY, messages, bytes } = limit;
  const places = await locate(Math.min(messages + 1, first));
  if (places.length > messages) throw new ReadTooLargeError(bytes);
  return await view.read(places, limit, allowance);
}

async function plannedWrites<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  { sessionId, messages, onKey }: HistoryInput,
  keyed: ReadonlyMap<string, Place>,
  keep: number,
  limit: ReadLimit | null,
  allowance: TextAllowance,
): Promise<MessageWrite[]> {
  const given = messages ?? [];
  const found = new Map<number, Place>();
  for (const [n, { key }] of given.entries()) {
    const place = key == null ? undefined : keyed.get(key);
    if (place) found.set(n, place);
  }
  const isThere = (n: number) => (found.get(n)?.position ?? keep) < keep;
  for (const [n, { ordinal }] of found) {
    if (isThere(n) && (onKey ?? 'ERROR') === 'ERROR')
      throw ConflictError.messageKey(given[n]!.key!, messageId({ sessionId, ordinal }));
  }
  const isLeft = (n: number) => isThere(n) && onKey === 'IGNORE';
  const staying = new Map([...found].filter(([n]) => isLeft(n)));
  const left = await leftMessages(view, staying, limit, allowance);
  const earlier = new Map([...found].filter(([n]) => !isLeft(n)));
  const writes = new Map<number, MessageWrite>(left);
  await eachEarlier(view, earlier, (n, before, isSame) => {
    const message = given[n]!;
    if (!isThere(n)) writes.set(n, { kind: 'append', message, before });
    else if (before.redactedAt) writes.set(n, { kind: 'leave', message: before });
    else if (isSame(message)) writes.set(n, { kind: 'leave', message: leftAsGiven(before, message) });
    else writes.set(n, { kind: 'replace', message, before });
  });
  return given.map((message, n) => writes.get(n) ?? { kind: 'append', message });
}

/** Messages that stay as they are: read as the answer needs them. */
async function leftMessages<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  found: ReadonlyMap<number, Place>,
  limit: ReadLimit | null,
  allowance: TextAllowance,
): Promise<[number, MessageWrite][]> {
  if (found.size === 0) return [];
  const most: ReadLimit = limit ?? { messages: found.size, bytes: 0, shown: null };
  const read = await view.read([...found.values()], most, allowance);
  return [...found].map(([n, place]) => {
    const message = read.find(({ ordinal }) => ordinal === place.ordinal);
    if (!message) throw unreadable(view.sessionId, place);
    return [n, { kind: 'leave', message }];
  });
}

/** Passes on messages that are there, without their texts, each with a function that says whether another is the same. */
async function eachEarlier<Place extends MessagePlace>(
  view: HistoryView<PlannedSession, Place>,
  found: ReadonlyMap<number, Place>,
  pass: (n: number, before: Message, isSame: (given: NewMessage) => boolean) => void,
): Promise<void> {
  if (found.size === 0) return;
  const ns = [...found.keys()];
  const places = [...found.values()];
  for await (const [n, message] of view.readWhole(places)) {
    if (!message) throw unreadable(view.sessionId, places[n]!);
    pass(ns[n]!, message.redactedAt ? message : withoutTexts(message), (given) => isSameForm(given, message));
  }
}

/** What all reads for one answer may show together. */
export function allowanceOf({ messages, removed }: AnswerLimits): TextAllowance {
  return new TextAllowance(Math.max(messages?.bytes ?? 0, removed?.bytes ?? 0));
}

/** True if a message that is there is already as given. A copy stays one, since what it says was paid for elsewhere. */
function isSameForm(given: NewMessage, there: Message): boolean {
  const createdAt = given.createdAt ?? there.createdAt;
  const isCopy = given.isCopy ?? there.isCopy;
  return isSameJson(storedMessageOf({ ...given, createdAt, isCopy }), storedMessageOf(there));
}

/** The message that is there, with the texts of the equal one that was given. */
function leftAsGiven(
  there: Message,
  { content, reasoning, toolCalls, payload, metadata }: NewMessage,
): Message {
  return {
    ...there,
    content,
    reasoning: reasoning ?? null,
    toolCalls: toolCalls?.map((call) => ({ ...call, arguments: call.arguments ?? null })) ?? [],
    payload: payload ?? null,
    metadata: metadata ?? {},
  };
}

function withoutTexts(message: Message): Message {
  return { ...message, content: '', reasoning: null, toolCalls: [], payload: null, metadata: {} };
}

function unfit(member: string, message: string): InvalidInputError {
  return new InvalidInputError([{ path: ['input', member], message }]);
}

function unreadable(sessionId: string, { ordinal }: MessagePlace): StorageError {
  return new StorageError(
    `The message "${messageId({ sessionId, ordinal })}", whose key was given, cannot be read: nothing was recorded. Repair its ` +
      'line with "sessiontree check --repair", or choose another key.',
    false,
  );
}
