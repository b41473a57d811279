import { posix } from 'node:path';
import { isCreation, type JournalEntry } from './entry.ts';

/** What must be on the disk before a part of the journal can go. Paths are those of its entries. */
export class NamedFiles {
  readonly paths = new Set<string>();
  /** Of files that it made. */
  readonly folders = new Set<string>();

  constructor(entries: readonly JournalEntry[] = []) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: JournalEntry): void {
    this.paths.add(entry.path);
    if (isCreation(entry)) this.folders.add(posix.dirname(entry.path));
  }
}
