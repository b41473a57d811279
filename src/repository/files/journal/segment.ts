import { writeSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { writeWhole } from '../disk/write-whole.ts';
import { encodeEntryLine, encodeHeader, type JournalEntry } from './entry.ts';
import { NamedFiles } from './named-files.ts';

/**
 * Room is made in the file this much at a time, by writing zeros: to sync what is written over them takes two thirds of the
 * time that it takes where the file grows.
 */
const ROOM = 64 * 1024;
const ZEROS = Buffer.alloc(ROOM);

/** One file of the journal, while it is written. */
export class Segment {
  readonly path: string;
  readonly files = new NamedFiles();
  /** Files that it has, and that are about to be made. None of these rejects. */
  readonly making: Promise<void>[] = [];
  readonly #handle: FileHandle;
  #batch = 0;
  #room: number;
  #size: number;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.#handle = handle;
    this.#size = size;
    this.#room = size;
  }

  /** A new one. The directory is for the caller to sync. */
  static async create(path: string, store: string): Promise<Segment> {
    const handle = await open(path, 'wx');
    try {
      const header = encodeHeader(store);
      await writeWhole(handle, header);
      return new Segment(path, handle, header.length);
    } catch (error) {
      await handle.close();
      await unlink(path).catch(() => {});
      throw error;
    }
  }

  /** Where the next entries go: bytes of what is written, its first line included. */
  get size(): number {
    return this.#size;
  }

  /** Adds entries. They are on the disk when it resolves. After it has rejected, only `takeBack` may be called. */
  async write(entries: readonly JournalEntry[]): Promise<void> {
    this.#batch += 1;
    const parts: Buffer[] = [];
    for (const entry of entries) {
      parts.push(encodeEntryLine(entry, this.#batch), entry.bytes);
      this.files.add(entry);
    }
    const bytes = Buffer.concat(parts);
    this.#preallocate(bytes.length);
    await writeWhole(this.#handle, bytes, this.#size);
    await this.#handle.datasync();
    this.#size += bytes.length;
  }

  /** Cuts off what a `write` that failed may have left: none of it may count later. */
  async takeBack(): Promise<void> {
    await this.#handle.truncate(this.#size);
    await this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #preallocate(length: number): void {
    this.#room = Math.max(this.#room, this.#size);
    if (this.#size + length <= this.#room || length > ROOM) return;
    try {
      writeSync(this.#handle.fd, ZEROS, 0, ROOM, this.#room);
      this.#room += ROOM;
    } catch {
      // Only a matter of speed: whether there is room for the entries themselves shows when they are written.
    }
  }
}
