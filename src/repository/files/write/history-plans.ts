import { ConflictError, InvalidInputError, StorageError } from '../../../model/errors.ts';
import { messageId } from '../../../model/id.ts';
import { isSameJson } from '../../../model/json.ts';
import { ALL_TEXTS, type Message, type NewMessage } from '../../../model/message.ts';
import type { AnswerLimits, WriteHistory } from '../../mutations.ts';
import { type ReadLimit, ReadTooLargeError } from '../../reads.ts';
import type { MessageWrite } from '../../records/encode-history.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { storedMessageOf } from '../../records/stored-message.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';
import { TextAllowance } from '../read/read-messages.ts';
import { bytesToRead, partsOf, type Reading, readingWith } from '../read/reading.ts';
import { existing, refuseArchived } from './preconditions.ts';

/** A write to the history of a session that is there. */
export type HistoryInput = Pick<
  WriteHistory,
  'keep' | 'keepThroughKey' | 'dropLast' | 'messages' | 'onKey' | 'expectedVersion'
> & { readonly sessionId: string };

/** What a write will do, as of the state of the history that was read. */
export interface HistoryPlan {
  readonly row: SessionRow;
  readonly keep: number;
  /** How many of the messages that stay are a user's. */
  readonly users: number;
  readonly removed: readonly Message[];
  readonly writes: readonly MessageWrite[];
}

export interface HistoryPlansParts {
  readonly index: IndexReader;
  /** The readable messages at `locations`, in their order. */
  readonly read: (
    asked: { readonly sessionId: string } & Pick<ReadLimit, 'shown'>,
    locations: readonly MessageLocation[],
    reading: Reading,
  ) => Promise<readonly Message[]>;
}

/** Works out what a write does to a history, from the index and from messages that are there. */
export class HistoryPlans {
  readonly #parts: HistoryPlansParts;

  constructor(parts: HistoryPlansParts) {
    this.#parts = parts;
  }

  /** Rejects with the ClientError that the write would reject with, or a ReadTooLargeError if its answer would exceed `limits`. */
  async make(input: HistoryInput, limits: AnswerLimits): Promise<HistoryPlan> {
    const { index } = this.#parts;
    const { sessionId, expectedVersion } = input;
    const row = existing(index, sessionId, expectedVersion);
    refuseArchived(sessionId, row.archivedAt);
    const keep = this.#keepOf(input, row);
    const allowance = allowanceOf(limits);
    const writes = await this.#writes(input, keep, limits.messages, allowance);
    const removed =
      limits.removed && keep < row.historyLength
        ? await this.readDropped(sessionId, limits.removed, allowance, (most) =>
            index.messagesFrom(sessionId, keep, most),
          )
        : [];
    const users =
      keep === row.historyLength
        ? row.messageCount
        : row.messageCount - index.countFrom(sessionId, keep, 'USER');
    return { row, keep, users, removed, writes };
  }

  #keepOf(
    { sessionId, keep, keepThroughKey, dropLast }: HistoryInput,
    { historyLength }: SessionRow,
  ): number {
    if (keep != null) {
      if (keep <= historyLength) return keep;
      throw unfit('keep', `expected at most ${historyLength}, the length of the history, got ${keep}`);
    }
    if (keepThroughKey != null) {
      const ordinal = this.#parts.index.ordinalOfKey(sessionId, keepThroughKey);
      const location = ordinal === null ? null : this.#parts.index.message(sessionId, ordinal);
      if (location) return location.position + 1;
      throw unfit('keepThroughKey', `expected the key of a message of the history, got "${keepThroughKey}"`);
    }
    return historyLength - Math.min(dropLast ?? 0, historyLength);
  }

  /** The readable ones of the messages that `locate` finds, which gets the number of those that are needed. Rejects as `make` does. */
  async readDropped(
    sessionId: string,
    limit: ReadLimit,
    allowance: TextAllowance,
    locate: (most: number) => readonly MessageLocation[],
  ): Promise<readonly Message[]> {
    const { first = Number.POSITIVE_INFINITY, messages, bytes } = limit;
    const locations = locate(Math.min(messages + 1, first));
    if (locations.length > messages) throw new ReadTooLargeError(bytes);
    return await this.read(sessionId, locations, limit, allowance);
  }

  /** The readable messages at `locations`, with the texts that `limit` shows. Rejects with a ReadTooLargeError if the allowance is used up. */
  async read(
    sessionId: string,
    locations: readonly MessageLocation[],
    limit: ReadLimit,
    allowance: TextAllowance,
  ): Promise<readonly Message[]> {
    const { shown, onRead } = limit;
    if (shown !== null) onRead?.(bytesToRead(locations));
    return await this.#parts.read({ sessionId, shown }, locations, readingWith(allowance, limit));
  }

  async #writes(
    { sessionId, messages, onKey }: HistoryInput,
    keep: number,
    limit: ReadLimit | null,
    allowance: TextAllowance,
  ): Promise<MessageWrite[]> {
    const given = messages ?? [];
    const found = this.#found(sessionId, given);
    const isThere = (n: number) => (found.get(n)?.position ?? keep) < keep;
    for (const [n, { ordinal }] of found) {
      if (isThere(n) && (onKey ?? 'ERROR') === 'ERROR')
        throw ConflictError.messageKey(given[n]!.key!, messageId({ sessionId, ordinal }));
    }
    const isLeft = (n: number) => isThere(n) && onKey === 'IGNORE';
    const staying = new Map([...found].filter(([n]) => isLeft(n)));
    const left = await this.#left(sessionId, staying, limit, allowance);
    const earlier = new Map([...found].filter(([n]) => !isLeft(n)));
    const writes = new Map<number, MessageWrite>(left);
    await this.#eachEarlier(sessionId, earlier, (n, before, isSame) => {
      const message = given[n]!;
      if (!isThere(n)) writes.set(n, { kind: 'append', message, before });
      else if (before.redactedAt) writes.set(n, { kind: 'leave', message: before });
      else if (isSame(message)) writes.set(n, { kind: 'leave', message: leftAsGiven(before, message) });
      else writes.set(n, { kind: 'replace', message, before });
    });
    return given.map((message, n) => writes.get(n) ?? { kind: 'append', message });
  }

  /** The messages of the history that have keys of `messages`, by the index of these. */
  #found(sessionId: string, messages: readonly NewMessage[]): Map<number, MessageLocation> {
    const { index } = this.#parts;
    const found = new Map<number, MessageLocation>();
    for (const [n, { key }] of messages.entries()) {
      const ordinal = key == null ? null : index.ordinalOfKey(sessionId, key);
      const location = ordinal === null ? null : index.message(sessionId, ordinal);
      if (location) found.set(n, location);
    }
    return found;
  }

  /** Messages that stay as they are: read as the answer needs them. */
  async #left(
    sessionId: string,
    found: ReadonlyMap<number, MessageLocation>,
    limit: ReadLimit | null,
    allowance: TextAllowance,
  ): Promise<[number, MessageWrite][]> {
    if (found.size === 0) return [];
    const most: ReadLimit = limit ?? { messages: found.size, bytes: 0, shown: null };
    const read = await this.read(sessionId, [...found.values()], most, allowance);
    return [...found].map(([n, location]) => {
      const message = read.find(({ ordinal }) => ordinal === location.ordinal);
      if (!message) throw unreadable(sessionId, location);
      return [n, { kind: 'leave', message }];
    });
  }

  /**
   * Passes on messages that are there, without their texts, each with a function that says whether another is the same. Reads them part
   * by part: they can be larger than what the mutation brings.
   */
  async #eachEarlier(
    sessionId: string,
    found: ReadonlyMap<number, MessageLocation>,
    pass: (n: number, before: Message, isSame: (given: NewMessage) => boolean) => void,
  ): Promise<void> {
    const placed = [...found].sort(([, one], [, other]) => one.offset - other.offset);
    let n = 0;
    for (const part of partsOf(placed.map(([, location]) => location))) {
      const reading = readingWith(new TextAllowance(), undefined);
      const read = await this.#parts.read({ sessionId, shown: ALL_TEXTS }, part, reading);
      for (const location of part) {
        const message = read.find(({ ordinal }) => ordinal === location.ordinal);
        if (!message) throw unreadable(sessionId, location);
        pass(placed[n]![0], message.redactedAt ? message : withoutTexts(message), (given) =>
          isSameForm(given, message),
        );
        n += 1;
      }
    }
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

function unreadable(sessionId: string, { ordinal }: MessageLocation): StorageError {
  return new StorageError(
    `The message "${messageId({ sessionId, ordinal })}", whose key was given, cannot be read: nothing was recorded. Repair its ` +
      'line with "sessiontree check --repair", or choose another key.',
    false,
  );
}
