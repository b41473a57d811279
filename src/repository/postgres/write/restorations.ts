import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { RestoredMessage, RestoreSession } from '../../mutations.ts';
import { refuseMissing } from '../../plans/preconditions.ts';
import { applyRecord } from '../../records/apply-record.ts';
import { copiedOf, isCopyOf } from '../../records/paid.ts';
import { restoredRecords } from '../../records/restored-records.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { TextChanges } from '../search/text-changes.ts';
import { nextNumber } from './creations.ts';
import { locate } from './locate.ts';
import { newPlace } from './new-place.ts';
import { answeredOperation } from './operation-rows.ts';
import type { WriteParts } from './parts.ts';
import { RowChanges } from './row-changes.ts';
import type { LockedTree } from './tree-rows.ts';
import { type Surroundings, TreeWork } from './tree-work.ts';
import type { TreeTransaction } from './trees.ts';

/** Messages, and bytes of content, that are sent at once: an exact copy can be longer than memory. */
const MESSAGES_AT_ONCE_MAX = 1_000;
const BYTES_AT_ONCE_MAX = 4 * 1024 * 1024;

/** Writes exact copies of sessions of other stores. */
export class Restorations {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  async restore(input: RestoreSession, operation: Operation): Promise<Session> {
    const { places, trees, lanes } = this.#parts;
    const { parentId } = input;
    const located = parentId === null ? null : locate(this.#parts, parentId);
    const parent = located instanceof Promise ? await located : located;
    const source = new Source(input);
    const needed = parent ? [parent.place] : [];
    try {
      const { row, session } = await lanes.alone(parent ? [parent.key] : [], () =>
        trees.change(needed, [operation], (transaction) =>
          this.#restore(transaction, { ...input, messages: () => source.messages() }, operation),
        ),
      );
      places.remember(row.id, row);
      trees.saw(row.sid, { home: row.root_home, root: row.root });
      return session;
    } catch (error) {
      throw source.failure ?? error;
    }
  }

  async #restore(transaction: TreeTransaction, input: RestoreSession, operation: Operation) {
    const { places, creations } = this.#parts;
    const { queries } = transaction;
    const { id, parentId } = input;
    const work = new TreeWork(transaction);
    const parentPlace = parentId === null ? null : await places.one(parentId);
    const parent = parentPlace && work.row(parentPlace);
    if (parentId !== null) refuseMissing(parentId, parent);
    const where = newPlace(transaction, parent, id, input.userId);
    await creations.refuseTaken(queries, id, input.key, where.owner);
    const { place, tree } = where.at(await nextNumber(queries));
    const state = await this.#write(transaction, tree, place, input);
    const row = work.add(place, state);
    work.changes.operation(answeredOperation(operation, row, transaction, tree.number, {}));
    work.changes.send(queries);
    return { row, session: work.session(row) };
  }

  /** Sends the messages, and what was paid, as they come. Resolves with the state of the session. */
  async #write(
    { queries, clock, at, texts }: TreeTransaction,
    tree: LockedTree,
    place: Surroundings,
    input: RestoreSession,
  ): Promise<SessionState> {
    tree.number += 1;
    const number = tree.number;
    const records = restoredRecords({ store: this.#parts.storeId, input, seq: number, at });
    const copied = copiedOf(input.forkedFrom && JSON.stringify(input.forkedFrom));
    let state: SessionState | null = null;
    let batch = new Batch(texts !== null);
    let count = 0;
    let bytes = 0;
    for await (const record of records) {
      const applied = applyRecord(state, record);
      if (applied.effects.truncatedTo !== null) {
        // A batch drops messages before it writes its own.
        await batch.send(queries);
        batch = new Batch(texts !== null);
        count = 0;
        bytes = 0;
      }
      state = state ? applied.state : { ...applied.state, sequence: place.sid };
      const isForkCopy = record.op === 'append' && isCopyOf(record, copied);
      batch.changes.effects(place, record, applied, { clock, number, isForkCopy });
      count += 1;
      if (record.op === 'append') bytes += record.messages[0]!.content.length;
      if (count < MESSAGES_AT_ONCE_MAX && bytes < BYTES_AT_ONCE_MAX) continue;
      await batch.send(queries);
      batch = new Batch(texts !== null);
      count = 0;
      bytes = 0;
    }
    await batch.send(queries);
    return state!;
  }
}

/** What is sent at once. */
class Batch {
  readonly #texts: TextChanges | null;
  readonly changes: RowChanges;

  constructor(isSearched: boolean) {
    this.#texts = isSearched ? new TextChanges() : null;
    this.changes = new RowChanges(this.#texts);
  }

  /** Resolves once the database has taken the rows. */
  async send(queries: TransactionQueries): Promise<void> {
    const answers: Promise<unknown>[] = [];
    const sending = {
      send: (sql: string, values?: readonly Value[]) => {
        const answer = queries.rows(sql, values);
        // Told by the wait for all of them.
        answer.catch(() => {});
        answers.push(answer);
      },
    };
    this.changes.send(sending);
    await this.#texts?.send(sending);
    await Promise.all(answers);
  }
}

/** The messages of a copy, and the error with which they ended, which says nothing of the database. */
class Source {
  readonly #input: RestoreSession;
  failure: Error | null = null;

  constructor(input: RestoreSession) {
    this.#input = input;
  }

  async *messages(): AsyncGenerator<RestoredMessage, void> {
    try {
      yield* this.#input.messages();
    } catch (error) {
      this.failure = error as Error;
      throw new SourceFailedError();
    }
  }
}

/** In the place of an error of the source: such an error may look like one of the database, after which a transaction is begun again. */
class SourceFailedError extends Error {
  override readonly name = 'SourceFailedError';
}
