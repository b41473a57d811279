import { posix } from 'node:path';
import { isCreation, type JournalEntry } from './entry.ts';

/** What must be on the disk before a part of the journal can go. Names are the paths of its entries. */
export class NamedFiles {
  readonly #files = new Set<string>();
  /** Of files that it made. */
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

  /** Files, and then the folders that they came into. */
  get names(): string[] {
    return [...this.#files, ...this.#folders];
  }

  /** Does it say of writes that they no longer count? Then it may not go while an earlier part stays that has them. */
  get takesBack(): boolean {
    return this.#takesBack;
  }
}
