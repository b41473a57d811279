import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { MessagesRecord } from '../../records/record.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { decodeMessageLine } from '../format/message-line.ts';

/** Bytes of one read, unless a line is longer. */
const CHUNK_BYTES = 128 * 1024;
/** O_NONBLOCK: opening a named pipe in the place of a session's file would block the thread for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Where a message stands in its file, as the store's index says. */
export interface MessagePlace {
  readonly ordinal: number;
  readonly offset: number;
  readonly length: number;
}

/** A message as its line has it. */
export interface ReadMessage {
  readonly message: MessagesRecord['messages'][number];
  /** That of the session after the mutation that wrote the line. */
  readonly version: number;
}

/** A line that was decoded; `record` is null if it cannot be read. */
export interface DecodedLine {
  readonly offset: number;
  readonly record: MessagesRecord | null;
}

/**
 * Reads lines of a session's file in order of offset, many with one read. The file is open only while it is read:
 * many requests may rest in the middle of one.
 */
export class Records {
  readonly #path: string;
  /** Offset of the end of the last line to be read. */
  readonly #end: number;
  #chunk: Buffer = Buffer.alloc(0);
  /** Offset of the chunk in the file. */
  #start = 0;
  #last: DecodedLine;

  /** `last`: a line of the file that was decoded before. */
  constructor(path: string, end: number, last: DecodedLine | null = null) {
    this.#path = path;
    this.#end = end;
    this.#last = last ?? { offset: -1, record: null };
  }

  /** Null if the message cannot be read. Messages that share a line are decoded once, one after the other. */
  messageAt({ ordinal, offset, length }: MessagePlace): ReadMessage | null {
    if (this.#last.offset !== offset) this.#last = { offset, record: this.#read(offset, length) };
    const { record } = this.#last;
    const message = record?.messages[ordinal - record.ordinal];
    return message ? { message, version: record!.version } : null;
  }

  /** Frees what was read of the file. */
  forget(): void {
    this.#chunk = Buffer.alloc(0);
    this.#last = { offset: -1, record: null };
  }

  /** The line that was decoded last. */
  get last(): DecodedLine {
    return this.#last;
  }

  #read(offset: number, length: number): MessagesRecord | null {
    const isIn = offset >= this.#start && offset + length <= this.#start + this.#chunk.length;
    if (!isIn && !this.#readChunk(offset, length)) return null;
    const from = offset - this.#start;
    if (from + length > this.#chunk.length) return null;
    const decoded = decodeMessageLine(this.#chunk.subarray(from, from + length));
    return 'record' in decoded ? decoded.record : null;
  }

  /** False if the file is missing or cannot be read: the store's reader reports that. */
  #readChunk(offset: number, length: number): boolean {
    try {
      const fd = openSync(this.#path, FLAGS);
      try {
        if (!fstatSync(fd).isFile()) return false;
        const chunk = Buffer.allocUnsafe(Math.max(length, Math.min(CHUNK_BYTES, this.#end - offset)));
        this.#chunk = chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, offset));
        this.#start = offset;
        return true;
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (isFaultOfOneFile(error)) return false;
      throw error;
    }
  }
}
