import { StorageError } from '../../../model/errors.ts';
import { ALL_TEXTS } from '../../../model/message.ts';
import type { Session } from '../../../model/session.ts';
import {
  DUMPED_AT_ONCE,
  type DumpedMessage,
  type DumpedOperation,
  type DumpedPart,
  type DumpedSession,
  type DumpedTombstone,
  runsOf,
} from '../../dump.ts';
import { lastStateOf } from '../../plans/deleted-session.ts';
import { dumpedAnswer, dumpedOriginal } from '../../plans/original-answer.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type { OperationAnswer } from '../../records/record.ts';
import { TextAllowance } from '../../text-allowance.ts';
import type { DumpRow, DumpRows, EverMessage, OperationPlace } from '../index/dump-rows.ts';
import type { IndexReader } from '../index/reader.ts';
import type { TombstoneRow } from '../index/tombstones-table.ts';
import type { IndexWalks } from '../index/walks.ts';
import type { MessageReader } from './message-reader.ts';
import { readingWith } from './reading.ts';

/** Messages, and bytes of lines, that are read together. A longer line is read alone. */
const MESSAGES_AT_ONCE = 500;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

export interface StoreDumpParts {
  readonly index: IndexReader;
  readonly walks: Pick<IndexWalks, 'changedBy' | 'deletedBy'>;
  readonly messages: Pick<MessageReader, 'read'>;
}

/** Reads all that a store holds; `Dump` says in which order. */
export class StoreDump {
  readonly #parts: StoreDumpParts;
  readonly #rows: DumpRows;
  readonly #options: ReadOptions | undefined;

  constructor(parts: StoreDumpParts, options: ReadOptions | undefined) {
    this.#parts = parts;
    this.#rows = parts.index.dumpRows;
    this.#options = options;
  }

  async *parts(): AsyncGenerator<DumpedPart> {
    this.#refuseFaults();
    yield* this.#sessions();
    yield { type: 'endOfSessions' };
    yield* this.#tombstones();
    yield* this.#operations();
  }

  #refuseFaults(): void {
    const [fault] = this.#parts.index.faults();
    if (!fault) return;
    const line = fault.line === null ? '' : `, line ${fault.line}`;
    throw new StorageError(
      `${fault.path}${line}: ${fault.reason}. A store with damage cannot be copied exactly: repair it first, with "sessiontree check --repair".`,
      false,
    );
  }

  async *#sessions(): AsyncGenerator<DumpedPart> {
    const { index } = this.#parts;
    for (let after = 0; ; ) {
      const roots = this.#rows.rootsAfter(after, DUMPED_AT_ONCE);
      for (const root of roots) {
        throwIfOver(this.#options);
        const top = index.session(root.id);
        if (top) yield { type: 'session', session: this.#dumped(top) };
        for (const row of index.beneath(root.id, null))
          yield { type: 'session', session: this.#dumped(index.sessionOf(row)) };
      }
      if (roots.length < DUMPED_AT_ONCE) return;
      after = roots.at(-1)!.sequence;
    }
  }

  #dumped(session: Session): DumpedSession {
    const { nextOrdinal, paid } = this.#parts.index.copyDetails(session.id)!;
    const droppedCount = this.#rows.droppedCount(session.sequence);
    return {
      ...session,
      metadata: session.metadata ?? JSON.parse(this.#parts.index.metadataOf(session.id)!),
      nextOrdinal,
      paid,
      droppedCount,
      messages: () => this.#messages(session, session.historyLength + droppedCount),
    };
  }

  async *#messages({ id, sequence, version }: Session, expected: number): AsyncGenerator<DumpedMessage> {
    const { index, messages } = this.#parts;
    let count = 0;
    for (let after = -1; count < expected; ) {
      throwIfOver(this.#options);
      const some = withinBytes(this.#rows.messagesAfter(sequence, after, MESSAGES_AT_ONCE));
      const reading = readingWith(new TextAllowance(), this.#options);
      const locations = some.map(({ location }) => location);
      const { items } = await messages.read({ sessionId: id, shown: ALL_TEXTS }, locations, reading);
      if (items.length < Math.max(1, some.length) || index.row(id)?.version !== version)
        throw new StorageError(
          `The session "${id}" could not be read as it was: it has damage, or was changed meanwhile. Copy a store that nobody writes to.`,
          false,
        );
      for (const [n, { isDropped, isTakenOver }] of some.entries())
        yield { ...items[n]!, isDropped, isTakenOver };
      count += some.length;
      after = locations.at(-1)!.ordinal;
    }
  }

  async *#tombstones(): AsyncGenerator<DumpedPart> {
    for (let after = ''; ; ) {
      throwIfOver(this.#options);
      const rows = this.#rows.tombstonesAfter(after, DUMPED_AT_ONCE);
      if (rows.length === 0) return;
      yield { type: 'tombstones', tombstones: rows.map(tombstoneOf) };
      after = rows.at(-1)!.id;
    }
  }

  async *#operations(): AsyncGenerator<DumpedPart> {
    let after: OperationPlace = { sessionId: '', id: '', caller: null };
    for (;;) {
      throwIfOver(this.#options);
      const rows = this.#rows.operationsAfter(after, DUMPED_AT_ONCE);
      if (rows.length === 0) return;
      const operations: DumpedOperation[] = [];
      for (const row of rows) operations.push(await this.#operation(row));
      yield { type: 'operations', operations };
      after = rows.at(-1)!;
    }
  }

  async #operation(applied: DumpRow): Promise<DumpedOperation> {
    const { id, caller, fingerprint, sessionId, seq, at, ordinal, position } = applied;
    const { index, walks } = this.#parts;
    const answer = applied.answer === null ? null : (JSON.parse(applied.answer) as OperationAnswer);
    const original = answer?.original;
    const of = { id, caller, fingerprint, sessionId, at: new Date(at), ordinal, position };
    const given = dumpedAnswer(answer);
    if (original) return { ...of, answer: given, ...dumpedOriginal(original) };
    if (!applied.logged)
      return {
        ...of,
        answer: given,
        dropped: runsOf(this.#rows.droppedBy(applied)),
        deletedIds: [],
        changedIds: [],
        formerParentId: null,
      };
    return {
      ...of,
      answer: given,
      dropped: [],
      deletedIds: await walks.deletedBy(seq),
      changedIds: index.isMove(sessionId, seq) ? [] : await walks.changedBy(seq),
      formerParentId: index.formerParent(sessionId, seq),
    };
  }
}

function withinBytes(messages: readonly EverMessage[]): readonly EverMessage[] {
  let bytes = 0;
  const end = messages.findIndex(({ location }, n) => {
    bytes += location.length;
    return n > 0 && bytes > BYTES_AT_ONCE;
  });
  return end === -1 ? messages : messages.slice(0, end);
}

function tombstoneOf(row: TombstoneRow): DumpedTombstone {
  const { id, parentId, arrival, ownerId } = row;
  return { id, parentId, arrival, ownerId, last: lastStateOf(row) };
}
