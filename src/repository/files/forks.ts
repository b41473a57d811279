import { ConflictError, InvalidInputError, SessionNotFoundError } from '../../model/errors.ts';
import { messageId } from '../../model/id.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Operation } from '../../model/operation.ts';
import type { ForkSession } from '../repository.ts';
import type { Committer } from './commit/committer.ts';
import { CopiedHistory } from './copied-history.ts';
import type { DurableFiles } from './disk/durable.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import type { IndexReader } from './index/reader.ts';
import type { SessionRow } from './index/session-row.ts';
import { IndexWriter } from './index/writer.ts';
import { absoluteSessionPath, type Layout } from './layout.ts';
import { encodeLine } from './line.ts';
import { type CreateRecord, readable, stampOf, storedMetadata } from './record.ts';
import { type Applied, applyRecord, type MessageLocation } from './session-state.ts';
import type { SessionWrites } from './session-writes.ts';

export interface ForksParts {
  readonly layout: Layout;
  readonly store: string;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly handles: HandlePool;
  readonly files: DurableFiles;
  readonly committer: Committer;
  readonly writes: SessionWrites;
}

/** So many messages come into the index in one go: some milliseconds. */
const FEW = 1_000;

/** Copies histories into new sessions: a new file, whole or not at all. */
export class Forks {
  readonly #parts: ForksParts;

  constructor(parts: ForksParts) {
    this.#parts = parts;
  }

  /** To be called while nothing is deleted, and `id` is free. */
  async fork(id: string, input: ForkSession, operation: Operation | undefined): Promise<void> {
    const { layout, index, handles, writes } = this.#parts;
    const { sessionId } = input;
    // What is copied must be one state of the history: nothing is written to it meanwhile.
    const release = await writes.hold([sessionId]);
    try {
      const origin = index.row(sessionId);
      if (!origin) throw new SessionNotFoundError(sessionId);
      const { expectedVersion: expected } = input;
      if (expected != null && expected !== origin.version)
        throw ConflictError.version(sessionId, expected, origin.version);
      const path = absoluteSessionPath(layout.root, sessionId);
      const last = this.#lastOrdinal(input);
      const history = await CopiedHistory.read({ index, handles, path }, sessionId, last);
      await this.#create(id, input, origin, history, operation);
    } finally {
      release();
    }
  }

  #lastOrdinal({ sessionId, throughMessage }: ForkSession): number {
    if (!throughMessage) return Number.MAX_SAFE_INTEGER;
    const { ordinal } = throughMessage;
    if (throughMessage.sessionId === sessionId && this.#parts.index.message(sessionId, ordinal))
      return ordinal;
    throw new InvalidInputError([
      {
        path: ['input', 'throughMessageId'],
        message: `expected a message of the history of "${sessionId}", got "${messageId(throughMessage)}"`,
      },
    ]);
  }

  async #create(
    id: string,
    input: ForkSession,
    origin: SessionRow,
    history: CopiedHistory,
    operation: Operation | undefined,
  ): Promise<void> {
    const { layout, store, writer, files, committer } = this.#parts;
    const path = absoluteSessionPath(layout.root, id);
    await committer.commit({
      prepare: (seq) => {
        const at = new Date();
        const parts = history.parts > 1 ? { part: 1, parts: history.parts } : {};
        const record: CreateRecord = readable({
          ...stampOf(seq, at, operation),
          version: 1,
          op: 'create',
          ...parts,
          store,
          id,
          parentId: input.asRoot ? undefined : origin.id,
          userId: origin.user_id ?? undefined,
          title: input.title ?? origin.title ?? undefined,
          metadata: storedMetadata(JSON.parse(origin.metadata) as JsonObject),
          forkedFrom: {
            sessionId: origin.id,
            messageId: history.lastMessageId ?? undefined,
            historyLength: history.length,
          },
        });
        return { seq, at, line: encodeLine(record), record };
      },
      write: async ({ seq, at, line }) => {
        const { pieces, messages } = await history.linesAt(line.length, seq, at);
        const bytes = Buffer.concat([line, ...pieces]);
        return { messages, size: bytes.length, mtime: await files.create(path, bytes) };
      },
      change: ({ line, record }, { messages, size, mtime }) => {
        const created = applyRecord(null, record, { offset: 0, length: line.length - 1 });
        const state = {
          ...created.state,
          messageCount: history.messageCount,
          historyLength: history.length,
          nextOrdinal: history.length,
          size,
        };
        const applied = { ...created, state };
        if (messages.length <= FEW) {
          return () => {
            for (const _ of takeIn(writer, applied, mtime, messages));
          };
        }
        return { inSteps: (own) => takeIn(new IndexWriter(own), applied, mtime, messages) };
      },
      undo: () => files.uncreate(path),
    });
  }
}

function* takeIn(
  writer: IndexWriter,
  { state, effects }: Applied,
  mtime: number,
  messages: readonly MessageLocation[],
): Generator<void, void> {
  const { sequence } = state;
  writer.insertSession(state, mtime);
  writer.linkOrphansOf(state.id);
  writer.addEffects(sequence, effects);
  for (let from = 0; from < messages.length; from += FEW) {
    yield;
    writer.addEffects(sequence, { ...effects, operation: null, messages: messages.slice(from, from + FEW) });
  }
}
