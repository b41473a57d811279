import { writeSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { FILE_MODE } from '../../disk/plain-file.ts';
import { writeWhole } from '../../disk/write-whole.ts';
import { encodeEntryLine, encodeHeader, type JournalEntry } from './entry.ts';
import { NamedFiles } from './named-files.ts';

/**
 * Bytes preallocated at a time, by writing zeros: syncing writes over zeros takes two thirds of the time of
 * syncing a file that grows.
 */
const PREALLOCATED_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(PREALLOCATED_BYTES);

/** One file of the journal, open for writing. */
export class Segment {
  readonly path: string;
  readonly files = new NamedFiles();
  /** Files that the segment's entries create and whose creation is under way. None of these rejects. */
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

  /** Creates a segment. The caller syncs the directory. */
  static async create(path: string, store: string): Promise<Segment> {
    const handle = await open(path, 'wx', FILE_MODE);
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

  /** Offset of the next entry: bytes written so far, the first line included. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends entries; resolves once they are durable. After it has rejected, only `takeBack` may be called.
   */
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

  /** Truncates what a failed `write` may have left: none of it may be replayed later. */
  async takeBack(): Promise<void> {
    await this.#handle.truncate(this.#size);
    await this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #preallocate(length: number): void {
    this.#room = Math.max(this.#room, this.#size);
    if (this.#size + length <= this.#room || length > PREALLOCATED_BYTES) return;
    try {
      writeSync(this.#handle.fd, ZEROS, 0, PREALLOCATED_BYTES, this.#room);
      this.#room += PREALLOCATED_BYTES;
    } catch {
      // Preallocation only gains speed: if the entries themselves have no room, writing them fails.
    }
  }
}
