import { InvalidInputError } from '../../../model/errors.ts';
import type { RestoredMessage, RestoreSession } from '../../mutations.ts';
import { applyRecord } from '../../records/apply-record.ts';
import { MessageNames, type NamedMessages } from '../../records/named-messages.ts';
import { type Paid, restatedPaidOf } from '../../records/paid.ts';
import { type CreateRecord, readable, type SessionRecord, stampOf } from '../../records/record.ts';
import type { Applied, MessageLocation } from '../../records/session-state.ts';
import { storedMessageOf, storedMetadata } from '../../records/stored-message.ts';
import { encodeLine } from '../format/line.ts';

/** Bytes of lines that are written together. */
const PIECE_BYTES = 64 * 1024;

export interface RestoredFileParts {
  /** The id of the store that the file is written for. */
  readonly store: string;
  readonly input: RestoreSession;
  readonly seq: number;
  readonly at: Date;
}

/** The file of an exact copy of a session, and what the index has to know of it once it is written. */
export class RestoredFile {
  readonly #parts: RestoredFileParts;
  #written = new Written();
  #failure: unknown = null;

  constructor(parts: RestoredFileParts) {
    this.#parts = parts;
  }

  get messages(): readonly MessageLocation[] {
    return this.#written.messages;
  }

  get names(): NamedMessages {
    return this.#written.names;
  }

  /** The session at the end of the file, without the effects of its messages; all that was paid is among its own. */
  get applied(): Applied {
    const { last, paid } = this.#written;
    const { state, effects } = last!;
    return { state, effects: { ...effects, paid, isPaidAnew: false } };
  }

  /** The error with which `pieces` ended; null if it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The lines of the file, some at a time: one group, so that it counts whole or not at all. Begins anew with each call. */
  async *pieces(): AsyncGenerator<Buffer> {
    this.#written = new Written();
    try {
      yield* this.#lines();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async *#lines(): AsyncGenerator<Buffer> {
    const { messages, historyLength } = this.#parts.input;
    let held: Buffer[] = [this.#written.add(this.#create())];
    let bytes = 0;
    for await (const message of messages()) {
      const line = this.#written.add(this.#append(message));
      held.push(line);
      bytes += line.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(held);
      held = [];
      bytes = 0;
    }
    const { length } = this.messages;
    if (length !== historyLength) throw misfit(`${historyLength} messages`, `${length}`);
    held.push(this.#written.add(this.#restate()));
    yield Buffer.concat(held);
  }

  #stamp(version = 1) {
    const { seq, at, input } = this.#parts;
    const parts = input.historyLength + 2;
    return { ...stampOf(seq, at, undefined), version, part: this.#written.lines + 1, parts };
  }

  #create(): CreateRecord {
    const { id, forkedFrom, spawnedBy, ...input } = this.#parts.input;
    return {
      ...this.#stamp(),
      op: 'create',
      store: this.#parts.store,
      id,
      parentId: input.parentId ?? undefined,
      userId: input.userId ?? undefined,
      key: input.key ?? undefined,
      title: input.title ?? undefined,
      agentName: input.agentName ?? undefined,
      project: input.project ?? undefined,
      status: input.status === 'IDLE' ? undefined : input.status,
      statusMessage: input.statusMessage ?? undefined,
      spawnedBy: spawnedBy
        ? {
            sessionId: spawnedBy.sessionId,
            messageId: spawnedBy.messageId ?? undefined,
            toolCallId: spawnedBy.toolCallId ?? undefined,
          }
        : undefined,
      metadata: storedMetadata(input.metadata),
      createdAt: input.createdAt.toISOString(),
      lastActiveAt: input.lastActiveAt.toISOString(),
      forkedFrom: forkedFrom
        ? {
            sessionId: forkedFrom.sessionId,
            messageId: forkedFrom.messageId ?? undefined,
            historyLength: forkedFrom.historyLength,
          }
        : undefined,
    };
  }

  #append(message: RestoredMessage): SessionRecord {
    const { key, ordinal, replacedAt, redactedAt } = message;
    const position = this.messages.length;
    if (position === this.#parts.input.historyLength) throw misfit(`${position} messages`, 'more');
    if (key != null && this.#written.keys.has(key))
      throw misfit('messages with different keys', `two with "${key}"`);
    const stored = {
      ...storedMessageOf(message),
      redactedAt: redactedAt?.toISOString(),
      replacedAt: replacedAt?.toISOString(),
    };
    return { ...this.#stamp(), op: 'append', ordinal, position, messages: [stored] };
  }

  #restate(): SessionRecord {
    const { version, nextOrdinal, paid, ...input } = this.#parts.input;
    return {
      ...this.#stamp(version),
      op: 'restate',
      nextOrdinal,
      updatedAt: input.updatedAt.toISOString(),
      statusChangedAt: input.statusChangedAt.toISOString(),
      archivedAt: input.archivedAt?.toISOString(),
      paid: paid ? restatedPaidOf(paid) : undefined,
    };
  }
}

/** What was written of a file. */
class Written {
  readonly messages: MessageLocation[] = [];
  readonly names = new MessageNames();
  /** Of messages. */
  readonly keys = new Set<string>();
  /** What the lines say that was paid. */
  paid: Paid[] = [];
  /** The effect of the last line. */
  last: Applied | null = null;
  lines = 0;
  #bytes = 0;

  /** The line of a record, which is applied to the session. */
  add(record: SessionRecord): Buffer {
    const line = encodeLine(readable(record));
    const { state = null } = this.last ?? {};
    this.last = applyRecord(state, record, { offset: this.#bytes, length: line.length - 1 });
    this.lines += 1;
    this.#bytes += line.length;
    const { messages, keys, toolResults, paid, isPaidAnew } = this.last.effects;
    for (const message of messages) this.messages.push(message);
    this.names.add({ keys, toolResults });
    for (const { key } of keys) this.keys.add(key);
    if (isPaidAnew) this.paid = [];
    for (const each of paid) this.paid.push(each);
    return line;
  }
}

function misfit(expected: string, got: string): InvalidInputError {
  return new InvalidInputError([
    { path: ['input', 'messages'], message: `expected ${expected}, got ${got}` },
  ]);
}
