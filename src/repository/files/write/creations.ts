import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { CreateSession } from '../../mutations.ts';
import { refuseArchived } from '../../plans/preconditions.ts';
import { createRecords } from '../../records/mutation-records.ts';
import { type OperationAnswer, stampOf } from '../../records/record.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { writtenAt } from '../format/encode-mutation.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { IndexReader } from '../index/reader.ts';
import type { IndexWriter } from '../index/writer.ts';
import { existing } from './preconditions.ts';

export interface CreationsParts {
  readonly layout: Layout;
  readonly store: string;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly files: DurableFiles;
  readonly committer: Committer;
  readonly clock: StoreClock;
  readonly historyChanged: (sequence: number) => void;
}

/** Of a creation that is a part of another mutation. */
interface CreationDetails {
  /** Recorded with the operation. */
  readonly answer?: OperationAnswer;
  /** As in `createRecords`. */
  readonly root?: readonly string[];
}

/** Creates sessions. Each is a new file, which is written completely or not at all. */
export class Creations {
  readonly #parts: CreationsParts;

  constructor(parts: CreationsParts) {
    this.#parts = parts;
  }

  /** The caller must hold the tree lock (shared) and the mutex of `id`, and have checked that `id` is free. */
  async create(
    id: string,
    input: CreateSession,
    operation: Operation | undefined,
    { answer, root }: CreationDetails = {},
  ): Promise<Session> {
    const { layout, store, index, writer, files, committer, clock, historyChanged } = this.#parts;
    const parent = input.parentId != null ? existing(index, input.parentId) : null;
    if (parent) refuseArchived(parent.id, parent.archivedAt);
    input.admit?.();
    const path = absoluteSessionPath(layout.root, id);
    const userId = input.userId === undefined ? (parent?.userId ?? null) : input.userId;
    const project = input.project === undefined ? (parent?.project ?? null) : input.project;
    const whole = { ...input, id, userId, project };

    const session = await committer.commit({
      prepare: (seq) =>
        writtenAt(0, createRecords(stampOf(seq, clock.now(), operation, answer), store, whole, root), null),
      write: ({ bytes }) => files.create(path, bytes),
      change:
        ({ state, effects }, mtime) =>
        () => {
          writer.insertSession(state, mtime);
          if (input.id != null) writer.linkOrphansOf(id);
          for (const effect of effects) writer.addEffects(state.sequence, effect);
          return index.session(id)!;
        },
      rootOf: ({ rootId }) => rootId,
      undo: () => files.uncreate(path),
    });
    if (session.historyLength > 0) historyChanged(session.sequence);
    return session;
  }
}
