import type { Logger } from '../observer.ts';
import type { Committer } from './commit/committer.ts';
import type { DurableFiles } from './disk/durable.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import type { IndexDatabase } from './index/database.ts';
import type { IndexReader } from './index/reader.ts';
import type { IndexWriter } from './index/writer.ts';
import { indexFile } from './index-file.ts';
import { isUnchanged } from './known-file.ts';
import { absoluteSessionPath, type Layout, sessionPath } from './layout.ts';
import { HOMELESS } from './reconcile.ts';

export interface ForeignChangesParts {
  readonly layout: Layout;
  readonly store: string;
  readonly db: IndexDatabase;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly handles: HandlePool;
  readonly files: DurableFiles;
  readonly committer: Pick<Committer, 'lastSeq'>;
  readonly logger: Logger;
  /** Called when a file was read again. */
  readonly fileReplaced: (sequence: number) => void;
}

/** Notices that somebody else changed a session's file while the store is open: an editor, a restored copy. */
export class ForeignChanges {
  readonly #parts: ForeignChangesParts;

  constructor(parts: ForeignChangesParts) {
    this.#parts = parts;
  }

  /** Is the session's file other than the index knows it, or gone? False for an unknown session. */
  differs(id: string): boolean {
    const row = this.#parts.index.row(id);
    return row !== undefined && !isUnchanged(this.#path(id), row);
  }

  /** A file that is open was looked at when it was opened: reads spare themselves another look. */
  isOpen(id: string): boolean {
    return this.#parts.handles.has(this.#path(id));
  }

  /**
   * Reads the file into the index again. To be called while nothing is written to the session.
   */
  async reread(id: string): Promise<void> {
    const { db, index, writer, handles, files, committer } = this.#parts;
    await handles.forget(this.#path(id));
    const before = index.row(id);
    await db.writable();
    db.transaction(() => {
      const task = { ...this.#parts, mend: true, lastGiven: committer.lastSeq };
      const { reshaped, homeless, unreadable } = indexFile(task, id);
      if (unreadable) throw unreadable;
      if (homeless) {
        // The next start is to look at all files.
        db.doubt();
        writer.addFault({
          kind: 'file',
          path: sessionPath(id),
          line: null,
          sessionId: id,
          reason: HOMELESS,
        });
      }
      if (reshaped) writer.relink();
    });
    index.refreshDamage();
    const row = index.row(id);
    for (const seq of new Set([before?.seq, row?.seq])) if (seq !== undefined) this.#parts.fileReplaced(seq);
    await files.accept({ path: this.#path(id), size: row?.size ?? 0 });
  }

  #path(id: string): string {
    return absoluteSessionPath(this.#parts.layout.root, id);
  }
}
