import type { Operation } from '../../../model/operation.ts';
import type { ForkSession } from '../../mutations.ts';
import { applyRecord } from '../../records/apply-record.ts';
import { forkedState, forkRecord, outsideHistory } from '../../records/fork-record.ts';
import { stampOf } from '../../records/record.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import { encodeLine } from '../format/line.ts';
import type { IndexReader } from '../index/reader.ts';
import type { WholeRow } from '../index/session-row.ts';
import { IndexWriter } from '../index/writer.ts';
import type { LineFiles } from '../read/read-lines.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import { CopiedHistory } from './copied-history.ts';
import { insertCopy, MESSAGES_AT_ONCE_MAX } from './insert-copy.ts';
import { existing } from './preconditions.ts';
import type { SessionWrites } from './session-writes.ts';

export interface ForksParts {
  readonly layout: Layout;
  readonly store: string;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly lines: LineFiles;
  readonly files: DurableFiles;
  readonly committer: Committer;
  readonly writes: SessionWrites;
  readonly clock: StoreClock;
}

/** Bytes of the files that are copied at once; a larger file is copied alone. */
const COPIED_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** Copies histories into new sessions. Each is a new file, which is written completely or not at all. */
export class Forks {
  readonly #parts: ForksParts;
  readonly #copying = new Semaphore(COPIED_BYTES_AT_ONCE);

  constructor(parts: ForksParts) {
    this.#parts = parts;
  }

  /** The owner of the fork. Throws a SessionNotFoundError if there is no such original. */
  ownerOf({ sessionId, asRoot }: ForkSession): string | null {
    const { index } = this.#parts;
    const origin = existing(index, sessionId);
    return asRoot ? origin.userId : index.ownerOf(origin);
  }

  /** The caller must hold the tree lock (shared) and the mutex of `id`, and have checked that `id` is free. */
  async fork(
    id: string,
    input: ForkSession,
    operation: Operation | undefined,
    onWrite?: (bytes: number) => void,
  ): Promise<void> {
    // Before the queue of the original is held: its writes must not wait for copies of others.
    const size = this.#parts.index.row(input.sessionId)?.size ?? 0;
    await this.#copying.with(size, () => this.#copy(id, input, operation, onWrite));
  }

  async #copy(
    id: string,
    input: ForkSession,
    operation: Operation | undefined,
    onWrite: ((bytes: number) => void) | undefined,
  ): Promise<void> {
    const { layout, index, lines, writes } = this.#parts;
    const { sessionId } = input;
    // The copy must be one state of the history: no write to the original runs during the fork.
    const release = await writes.hold([sessionId]);
    try {
      const origin = index.whole(existing(index, sessionId, input.expectedVersion));
      input.admit?.();
      const path = absoluteSessionPath(layout.root, sessionId);
      const through = this.#lastOrdinal(input);
      const history = await CopiedHistory.read({ index, lines, path, sessionId, through });
      const written = await this.#create(id, input, origin, history, operation);
      onWrite?.(written);
    } finally {
      release();
    }
  }

  #lastOrdinal({ sessionId, throughMessage }: ForkSession): number {
    if (!throughMessage) return Number.MAX_SAFE_INTEGER;
    const { ordinal } = throughMessage;
    if (throughMessage.sessionId === sessionId && this.#parts.index.message(sessionId, ordinal))
      return ordinal;
    throw outsideHistory(sessionId, throughMessage);
  }

  /** Resolves with the size of the new file, in bytes. */
  async #create(
    id: string,
    input: ForkSession,
    origin: WholeRow,
    history: CopiedHistory,
    operation: Operation | undefined,
  ): Promise<number> {
    const { layout, store, writer, files, committer, clock } = this.#parts;
    const path = absoluteSessionPath(layout.root, id);
    let written = 0;
    await committer.commit({
      prepare: (seq) => {
        const at = clock.now();
        const record = forkRecord(stampOf(seq, at, operation), store, id, input, origin, history);
        return { seq, at, line: encodeLine(record), record };
      },
      write: async ({ seq, at, line }) => {
        const messages = await history.locationsAt(line.length, seq, at);
        const last = messages.at(-1);
        const size = last ? last.offset + last.length + 1 : line.length;
        written = size;
        const mtime = await this.#write(path, size, async function* () {
          yield line;
          yield* history.linesAt(seq, at);
        });
        return { messages, size, mtime };
      },
      change: ({ line, record }, { messages, size, mtime }) => {
        const created = applyRecord(null, record, { offset: 0, length: line.length - 1 });
        const state = { ...forkedState(created.state, history), size };
        const applied = { ...created, state };
        if (messages.length <= MESSAGES_AT_ONCE_MAX) {
          return () => {
            for (const _ of insertCopy(writer, applied, mtime, messages, history.names));
          };
        }
        return {
          inSteps: (own) => insertCopy(new IndexWriter(own, clock), applied, mtime, messages, history.names),
        };
      },
      rootOf: () => (input.asRoot ? id : origin.rootId),
      undo: () => files.uncreate(path),
    });
    return written;
  }

  async #write(path: string, size: number, pieces: () => AsyncIterable<Buffer>): Promise<number> {
    const { files } = this.#parts;
    if (!files.isSmall(size)) return files.createInPieces(path, pieces);
    const all: Buffer[] = [];
    for await (const piece of pieces()) all.push(piece);
    return files.create(path, Buffer.concat(all));
  }
}
