import type { Session } from '../../../model/session.ts';
import type { SessionToRestore } from '../../records/restored-records.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { IndexReader } from '../index/reader.ts';
import { IndexWriter } from '../index/writer.ts';
import { insertCopy, MESSAGES_AT_ONCE_MAX } from './insert-copy.ts';
import { existing } from './preconditions.ts';
import { RestoredFile } from './restored-file.ts';

export interface RestorationsParts {
  readonly layout: Layout;
  readonly store: string;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly files: DurableFiles;
  readonly committer: Committer;
  readonly clock: StoreClock;
  readonly historyChanged: (sequence: number) => void;
}

/** Writes exact copies of the sessions of other stores. Each is a new file, which is written completely or not at all. */
export class Restorations {
  readonly #parts: RestorationsParts;

  constructor(parts: RestorationsParts) {
    this.#parts = parts;
  }

  /** The caller must hold the tree lock (shared) and the mutex of the id, and have checked that the id is free. */
  async restore(input: SessionToRestore): Promise<Session> {
    const { index, clock, historyChanged } = this.#parts;
    const rootId = input.parentId === null ? input.id : existing(index, input.parentId).rootId;
    await this.write(input, (seq) => ({ seq, at: clock.now() }), rootId);
    const session = index.session(input.id)!;
    if (session.historyLength > 0) historyChanged(session.sequence);
    return session;
  }

  /**
   * Writes a session whose parent may still be on its way, if its write began before. `placeAt` gives the lines their number and their time;
   * it gets the number of the mutation. `rootId` is null if the root is not known.
   */
  async write(
    input: SessionToRestore,
    placeAt: (seq: number) => { readonly seq: number; readonly at: Date },
    rootId: string | null,
  ): Promise<void> {
    const { layout, store, writer, files, committer, clock } = this.#parts;
    const path = absoluteSessionPath(layout.root, input.id);
    await committer.commit({
      prepare: (seq) => new RestoredFile({ store, input, ...placeAt(seq) }),
      write: (file) => this.#write(path, file),
      change: (file, mtime) => {
        const { applied, messages, names, drops } = file;
        if (messages.length > MESSAGES_AT_ONCE_MAX)
          return {
            inSteps: (own) => insertCopy(new IndexWriter(own, clock), applied, mtime, messages, names, drops),
          };
        return () => {
          for (const _ of insertCopy(writer, applied, mtime, messages, names, drops));
        };
      },
      ...(rootId !== null && { rootOf: () => rootId }),
      undo: () => files.uncreate(path),
    });
  }

  /** Resolves with the file's mtime. A large file is never in memory as a whole. */
  async #write(path: string, file: RestoredFile): Promise<number> {
    const { files } = this.#parts;
    const held: Buffer[] = [];
    const pieces = file.pieces();
    for (let bytes = 0; ; ) {
      const { done, value } = await pieces.next();
      if (done) return await files.create(path, Buffer.concat(held));
      held.push(value);
      bytes += value.length;
      if (!files.isSmall(bytes)) break;
    }
    let isFirst = true;
    const again = () => {
      const all = isFirst ? continued(held, pieces) : file.pieces();
      isFirst = false;
      return all;
    };
    return await files.createInPieces(path, again).catch((error: unknown) => {
      throw file.failure ?? error;
    });
  }
}

async function* continued(begun: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* begun;
  yield* rest;
}
