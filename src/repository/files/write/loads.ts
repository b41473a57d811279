import type { Operation } from '../../../model/operation.ts';
import {
  type Dump,
  type DumpedOperation,
  type DumpedPart,
  type DumpedSession,
  type DumpedTombstone,
  type Loaded,
  type LoadOptions,
  LoadRefusedError,
} from '../../dump.ts';
import { lastOf } from '../../plans/deleted-session.ts';
import { copiedAnswer } from '../../plans/original-answer.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import type { Layout } from '../format/layout.ts';
import type { Tombstone } from '../format/store-record.ts';
import type { IndexReader } from '../index/reader.ts';
import type { TombstoneRow } from '../index/tombstones-table.ts';
import { type LoadMark, readLoadMark, removeLoadMark, writeLoadMark } from '../scan/load-mark.ts';
import type { Restorations } from './restorations.ts';
import type { SessionWrites } from './session-writes.ts';
import type { TreeLog } from './tree-log.ts';

/** Sessions whose files are written at the same time: they share syncs of the journal. */
const SESSIONS_AT_ONCE = 32;

export interface LoadsParts {
  readonly layout: Layout;
  readonly store: string;
  readonly index: IndexReader;
  readonly committer: Committer;
  readonly clock: StoreClock;
  readonly restorations: Restorations;
  readonly writes: SessionWrites;
  readonly treeLog: TreeLog;
  readonly historyChanged: (sequence: number) => void;
}

type Counts = { -readonly [Name in keyof Loaded]: Loaded[Name] };

/** Copies other stores into this one. `loading.json` says what is copied, until all is there. */
export class Loads {
  readonly #parts: LoadsParts;

  constructor(parts: LoadsParts) {
    this.#parts = parts;
  }

  /** The caller must hold the tree lock exclusively. */
  async load(dump: Dump, { onProgress }: LoadOptions = {}): Promise<Loaded> {
    const { layout, treeLog } = this.#parts;
    const mark = await this.#begun(dump.storeId);
    const counts: Counts = { sessions: 0, messages: 0, tombstones: 0, operations: 0, sessionsBefore: 0 };
    const running = new Running();
    try {
      for await (const part of dump.parts) {
        if (part.type === 'session') await this.#session(part.session, mark, running, counts);
        else {
          await running.end();
          await this.#other(part, counts);
        }
        onProgress?.(counts);
      }
      await running.end();
    } finally {
      await running.settle();
    }
    // After the next start too, new sessions come after all that were loaded.
    await treeLog.noteNumber();
    await removeLoadMark(layout);
    return counts;
  }

  /** The mark of the load, which is begun if none was. */
  async #begun(source: string): Promise<LoadMark> {
    const { layout, store, index, clock } = this.#parts;
    if (source === store) throw LoadRefusedError.itself();
    const found = readLoadMark(layout);
    if (found?.source === source) return found;
    if (found) throw LoadRefusedError.unfinished();
    if (!index.isEmpty()) throw LoadRefusedError.notEmpty();
    const mark: LoadMark = { op: 'load', at: clock.now().toISOString(), source };
    await writeLoadMark(layout, mark);
    return mark;
  }

  async #session(session: DumpedSession, mark: LoadMark, running: Running, counts: Counts): Promise<void> {
    const { index, committer, restorations, historyChanged } = this.#parts;
    const { id, sequence, arrival } = session;
    const there = index.row(id);
    if (there) {
      if (!isSame(there, session)) throw LoadRefusedError.changed(id);
      counts.sessionsBefore += 1;
    } else {
      await running.room(SESSIONS_AT_ONCE);
      committer.follow(Math.max(sequence, arrival));
      const at = new Date(mark.at);
      running.add(
        restorations.write(session, () => ({ seq: sequence, at }), null).then(() => historyChanged(sequence)),
      );
    }
    counts.sessions += 1;
    counts.messages += session.historyLength + session.droppedCount;
  }

  async #other(part: Exclude<DumpedPart, { type: 'session' }>, counts: Counts): Promise<void> {
    if (part.type === 'tombstones') {
      await this.#tombstones(part.tombstones);
      counts.tombstones += part.tombstones.length;
    }
    if (part.type === 'operations') {
      await this.#operations(part.operations);
      counts.operations += part.operations.length;
    }
  }

  async #tombstones(tombstones: readonly DumpedTombstone[]): Promise<void> {
    const { index, committer } = this.#parts;
    const missing = tombstones.filter(({ id }) => !index.tombstone(id));
    committer.follow(missing.reduce((most, { arrival }) => Math.max(most, arrival), 0));
    await this.#bury(missing.map(storedTombstone));
  }

  async #operations(operations: readonly DumpedOperation[]): Promise<void> {
    const { index } = this.#parts;
    const missing = operations.filter(({ id, caller }) => !index.operation(id, caller));
    const buried: Tombstone[] = [];
    const written: Promise<void>[] = [];
    for (const [sessionId, some] of Map.groupBy(missing, ({ sessionId }) => sessionId)) {
      if (index.row(sessionId)) {
        for (const operation of some) written.push(this.#record(operation));
        continue;
      }
      const tombstone = index.tombstone(sessionId);
      // Nothing is known of the session: the operation has no answer.
      if (tombstone) buried.push({ ...tombstoneAgain(tombstone), operations: some.map(loggedOperation) });
    }
    await settled(written);
    await this.#bury(buried);
  }

  /** Writes that sessions are deleted, once more for those that are known to be. */
  async #bury(sessions: readonly Tombstone[]): Promise<void> {
    if (sessions.length === 0) return;
    const make = (seq: number, at: Date) => ({ seq, at: at.toISOString(), op: 'delete', sessions }) as const;
    await this.#parts.treeLog.commit(make, { sessions: sessions.length, rootId: null });
  }

  /** Appends an operation to the file of its session, in a line that changes nothing. */
  #record(dumped: DumpedOperation): Promise<void> {
    const { id, caller, fingerprint, sessionId } = dumped;
    const operation: Operation = { id, fingerprint, caller };
    const answer = copiedAnswer(dumped);
    return this.#parts.writes.submit(sessionId, {
      expectedVersion: null,
      operation,
      records: (stamp, { version }) => [
        { ...stamp, operation: { ...stamp.operation!, answer }, op: 'none', version },
      ],
      answer: () => {},
    });
  }
}

/** Writes that run at the same time. The first failure is thrown by whichever call comes next. */
class Running {
  readonly #writes = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  add(write: Promise<void>): void {
    const ended = write
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#writes.delete(ended);
      });
    this.#writes.add(ended);
  }

  /** Resolves once fewer than `most` are running. */
  async room(most: number): Promise<void> {
    while (this.#writes.size >= most) await Promise.race(this.#writes);
    this.#throwFailure();
  }

  async end(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  /** As `end`, and does not reject. */
  async settle(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** Resolves, or rejects with the first failure, once all have ended. */
async function settled(writes: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(writes);
  await Promise.all(writes);
}

type Compared = Pick<DumpedSession, 'sequence' | 'version' | 'historyLength' | 'nextOrdinal'>;

function isSame(one: Compared, other: Compared): boolean {
  const isAlike = (name: keyof Compared) => one[name] === other[name];
  return (['sequence', 'version', 'historyLength', 'nextOrdinal'] as const).every(isAlike);
}

function storedTombstone({ id, parentId, arrival, ownerId, last }: DumpedTombstone): Tombstone {
  return {
    id,
    parentId: parentId ?? undefined,
    arrival,
    ownerId: ownerId ?? undefined,
    last: last ? lastOf(last) : undefined,
  };
}

function tombstoneAgain({ id, parentId, arrival, ownerId, last }: TombstoneRow): Tombstone {
  return {
    id,
    parentId: parentId ?? undefined,
    arrival,
    ownerId: ownerId ?? undefined,
    last: last === null ? undefined : (JSON.parse(last) as NonNullable<Tombstone['last']>),
  };
}

function loggedOperation(operation: DumpedOperation): NonNullable<Tombstone['operations']>[number] {
  const { id, caller, fingerprint, at, ordinal, position } = operation;
  return {
    id,
    caller: caller ?? undefined,
    fingerprint,
    answer: copiedAnswer(operation),
    // No other mutation has it.
    seq: 0,
    at: at.toISOString(),
    ordinal: ordinal ?? undefined,
    position: position ?? undefined,
  };
}
