import type { NamedMessages } from '../../records/named-messages.ts';
import type { SessionRecord } from '../../records/record.ts';
import {
  type Drop,
  type RestorationParts,
  RestoredSession,
  restoredRecords,
} from '../../records/restored-records.ts';
import type { Applied, MessageLocation } from '../../records/session-state.ts';
import { encodeLine } from '../format/line.ts';

/** Bytes of lines that are written together. */
const PIECE_BYTES = 64 * 1024;

/** The file of an exact copy of a session, and what the index has to know of it once it is written. */
export class RestoredFile {
  readonly #parts: RestorationParts;
  #session = new RestoredSession();
  #size = 0;
  #failure: unknown = null;

  constructor(parts: RestorationParts) {
    this.#parts = parts;
  }

  get messages(): readonly MessageLocation[] {
    return this.#session.messages;
  }

  /** In the order of the file. */
  get drops(): readonly Drop[] {
    return this.#session.drops;
  }

  get names(): NamedMessages {
    return this.#session.names;
  }

  /** The session at the end of the file, without the effects of its messages; all that was paid is among its own. */
  get applied(): Applied {
    return this.#session.applied;
  }

  /** The error with which `pieces` ended; null if it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The lines of the file, some at a time: one group, so that it counts whole or not at all. Begins anew with each call. */
  async *pieces(): AsyncGenerator<Buffer> {
    this.#session = new RestoredSession();
    this.#size = 0;
    try {
      yield* this.#lines();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async *#lines(): AsyncGenerator<Buffer> {
    let held: Buffer[] = [];
    let bytes = 0;
    for await (const record of restoredRecords(this.#parts)) {
      const line = this.#lineOf(record);
      held.push(line);
      bytes += line.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(held);
      held = [];
      bytes = 0;
    }
    if (held.length > 0) yield Buffer.concat(held);
  }

  /** The line of a record, which is applied to the session. */
  #lineOf(record: SessionRecord): Buffer {
    const line = encodeLine(record);
    this.#session.add(record, { offset: this.#size, length: line.length - 1 });
    this.#size += line.length;
    return line;
  }
}
