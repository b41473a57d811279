import { ALL_TEXTS, type Message } from '../../../model/message.ts';
import type { HistoryView, KnownMessage } from '../../plans/history-view.ts';
import type { ReadLimit } from '../../reads.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { TextAllowance } from '../../text-allowance.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';
import { bytesToRead, partsOf, type Reading, readingWith } from '../read/reading.ts';

export interface FileHistoryViewParts {
  readonly index: IndexReader;
  /** The readable messages at `locations`, in their order. */
  readonly read: (
    asked: { readonly sessionId: string } & Pick<ReadLimit, 'shown'>,
    locations: readonly MessageLocation[],
    reading: Reading,
  ) => Promise<readonly Message[]>;
}

/** A history as its index and its file have it. */
export class FileHistoryView implements HistoryView<SessionRow, MessageLocation> {
  readonly #parts: FileHistoryViewParts;
  readonly sessionId: string;

  constructor(parts: FileHistoryViewParts, sessionId: string) {
    this.#parts = parts;
    this.sessionId = sessionId;
  }

  async session(): Promise<SessionRow | undefined> {
    return this.#parts.index.row(this.sessionId);
  }

  async withKeys(keys: readonly string[]): Promise<ReadonlyMap<string, MessageLocation>> {
    const { index } = this.#parts;
    const found = new Map<string, MessageLocation>();
    for (const key of keys) {
      const ordinal = index.ordinalOfKey(this.sessionId, key);
      const location = ordinal === null ? null : index.message(this.sessionId, ordinal);
      if (location) found.set(key, location);
    }
    return found;
  }

  async from(position: number, most: number): Promise<readonly MessageLocation[]> {
    return this.#parts.index.messagesFrom(this.sessionId, position, most);
  }

  async usersFrom(position: number): Promise<number> {
    return this.#parts.index.countFrom(this.sessionId, position, 'USER');
  }

  async droppedBy(seq: number, most: number): Promise<readonly MessageLocation[]> {
    return this.#parts.index.droppedBy(this.sessionId, seq, most);
  }

  async ever(ordinals: readonly number[]): Promise<ReadonlyMap<number, KnownMessage<MessageLocation>>> {
    const { index } = this.#parts;
    const found = new Map<number, KnownMessage<MessageLocation>>();
    for (const ordinal of ordinals) {
      const place = index.messageEver(this.sessionId, ordinal);
      if (place)
        found.set(ordinal, { place, isRedacted: index.redactedAt(this.sessionId, ordinal) !== null });
    }
    return found;
  }

  async read(
    places: readonly MessageLocation[],
    limit: ReadLimit,
    allowance: TextAllowance,
  ): Promise<readonly Message[]> {
    const { sessionId } = this;
    const { shown, onRead } = limit;
    if (shown !== null) onRead?.(bytesToRead(places));
    return await this.#parts.read({ sessionId, shown }, places, readingWith(allowance, limit));
  }

  async *readWhole(
    places: readonly MessageLocation[],
  ): AsyncGenerator<readonly [n: number, message: Message | null]> {
    const { sessionId } = this;
    const placed = [...places.entries()].sort(([, one], [, other]) => one.offset - other.offset);
    let next = 0;
    for (const part of partsOf(placed.map(([, location]) => location))) {
      const reading = readingWith(new TextAllowance(), undefined);
      const read = await this.#parts.read({ sessionId, shown: ALL_TEXTS }, part, reading);
      for (const { ordinal } of part) {
        yield [placed[next]![0], read.find((message) => message.ordinal === ordinal) ?? null];
        next += 1;
      }
    }
  }
}
