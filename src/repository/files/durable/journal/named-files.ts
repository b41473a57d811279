import { posix } from 'node:path';
import { isCreation, type JournalEntry } from './entry.ts';

/** What must be synced before a segment can be removed. Names are the paths of the segment's entries. */
export class NamedFiles {
  readonly #files = new Set<string>();
  /** Folders of the files that the segment creates. */
  readonly #folders = new Set<string>();
  #takesBack = false;

  constructor(entries: readonly JournalEntry[] = []) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: JournalEntry): void {
    this.#files.add(entry.path);
    if (isCreation(entry)) this.#folders.add(posix.dirname(entry.path));
    this.#takesBack ||= entry.bytes.length === 0;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Files first, then the folders in which they were created. */
  get names(): string[] {
    return [...this.#files, ...this.#folders];
  }

  /**
   * True if the segment supersedes earlier writes: it must not be removed before an earlier segment that
   * holds them.
   */
  get takesBack(): boolean {
    return this.#takesBack;
  }
}
