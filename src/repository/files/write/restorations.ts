import type { Session } from '../../../model/session.ts';
import type { RestoreSession } from '../../mutations.ts';
import type { Committer } from '../commit/committer.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { IndexReader } from '../index/reader.ts';
import { IndexWriter } from '../index/writer.ts';
import type { StoreClock } from '../runtime/store-clock.ts';
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
  async restore(input: RestoreSession): Promise<Session> {
    const { layout, store, index, writer, files, committer, clock, historyChanged } = this.#parts;
    const rootId = input.parentId === null ? input.id : existing(index, input.parentId).rootId;
    const path = absoluteSessionPath(layout.root, input.id);
    await committer.commit({
      prepare: (seq) => new RestoredFile({ store, input, seq, at: clock.now() }),
      write: (file) => this.#write(path, file),
      change: (file, mtime) => {
        const { applied, messages, names } = file;
        if (messages.length > MESSAGES_AT_ONCE_MAX)
          return {
            inSteps: (own) => insertCopy(new IndexWriter(own, clock), applied, mtime, messages, names),
          };
        return () => {
          for (const _ of insertCopy(writer, applied, mtime, messages, names));
        };
      },
      rootOf: () => rootId,
      undo: () => files.uncreate(path),
    });
    const session = index.session(input.id)!;
    if (session.historyLength > 0) historyChanged(session.sequence);
    return session;
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
