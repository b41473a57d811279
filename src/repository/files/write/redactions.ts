import { InvalidInputError, SessionNotFoundError, StorageError } from '../../../model/errors.ts';
import { type MessageRef, messageId } from '../../../model/id.ts';
import type { Operation } from '../../../model/operation.ts';
import type { RedactMessages } from '../../mutations.ts';
import type { Logger } from '../../observer.ts';
import { KeyedMutex } from '../commit/keyed-mutex.ts';
import { storageError } from '../disk/storage-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout, sessionPath } from '../format/layout.ts';
import { overwritingBytes } from '../format/redacted-line.ts';
import type { IndexDatabase } from '../index/database.ts';
import type { IndexReader } from '../index/reader.ts';
import { stateOf } from '../index/session-row.ts';
import type { IndexWriter } from '../index/writer.ts';
import type { ExternalChanges } from '../recovery/external-changes.ts';
import type { StoreClock } from '../runtime/store-clock.ts';
import { refuseMissing } from './preconditions.ts';
import { addCopies, type Meant } from './redaction/copies.ts';
import { type RedactionIntent, readIntent, removeIntent, writeIntent } from './redaction/intent.ts';
import { overwritesOf } from './redaction/overwrites.ts';
import { removeTornCopies } from './redaction/torn-copies.ts';
import type { SessionWrites } from './session-writes.ts';

export interface RedactionsParts {
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly files: DurableFiles;
  readonly writes: SessionWrites;
  readonly external: ExternalChanges;
  readonly clock: StoreClock;
  readonly logger: Logger;
  /** Runs `work` with the tree lock held exclusively: no fork is made meanwhile. */
  readonly inTreeLock: <T>(work: () => Promise<T>) => Promise<T>;
  /** Reads the file of a session again, if another program changed it. The tree lock is held. */
  readonly refreshInLock: (id: string) => Promise<void>;
  /** Removes what search has of the former texts of these sessions, by sequence number. */
  readonly scrubSearch: (sequences: readonly number[]) => Promise<void>;
  /** Forgets the texts that are kept in memory. */
  readonly forgetTexts: () => void;
}

/**
 * Overwrites what messages say. `redaction.json` says first what is about to be done: from then on, the redaction is completed, by the
 * next start if the process ends. Then a redact line is appended to each session; the journal is emptied, which could otherwise put the
 * former bytes back; the lines are overwritten; and what was derived from them goes.
 */
export class Redactions {
  readonly #parts: RedactionsParts;
  readonly #turns = new KeyedMutex();
  /** A redaction that was begun and could not be completed yet. */
  #begun: RedactionIntent | null = null;

  constructor(parts: RedactionsParts) {
    this.#parts = parts;
  }

  /** Completes a redaction that an earlier process has begun. One that cannot be completed now is logged, and tried again later. */
  async resume(): Promise<void> {
    const { layout, logger } = this.#parts;
    const found = readIntent(layout);
    if (!found) return;
    if ('fault' in found) {
      // It is written aside and renamed, so that a crash leaves none that cannot be read.
      logger.error(
        { path: 'redaction.json', reason: found.fault },
        'what a redaction was about to do cannot be read',
      );
      return;
    }
    this.#begun = found;
    logger.warn({ sessions: found.sessions.map(({ id }) => id) }, 'completing a redaction');
    await this.#alone(() => this.#complete()).catch((err: unknown) => {
      logger.error(
        { err },
        'a redaction could not be completed: the next one, or the next start, tries again',
      );
    });
  }

  /** Resolves once nothing that the messages said is in any file of the store. */
  redact(input: RedactMessages, operation: Operation | undefined): Promise<void> {
    return this.#alone(async () => {
      await this.#complete();
      this.#begun = await this.#parts.inTreeLock(() => this.#begin(input, operation));
      await this.#finish();
    });
  }

  /** Completes what was begun, for a retry of it. */
  completed(): Promise<void> {
    return this.#begun === null ? Promise.resolve() : this.#alone(() => this.#complete());
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.during('', work);
  }

  async #complete(): Promise<void> {
    const intent = this.#begun;
    if (!intent) return;
    await this.#parts.inTreeLock(() =>
      this.#held(
        intent.sessions.map(({ id }) => id),
        () => this.#apply(intent),
      ),
    );
    await this.#finish();
  }

  async #held<T>(ids: readonly string[], work: () => Promise<T>): Promise<T> {
    const release = await this.#parts.writes.hold(ids);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Everything except what `#finish` does. Null if there was nothing to do. */
  async #begin(
    { messages, copies, reason }: RedactMessages,
    operation: Operation | undefined,
  ): Promise<RedactionIntent | null> {
    const { layout, index } = this.#parts;
    const meant = this.#meant(messages);
    if (copies) await addCopies({ root: layout.root, index, refresh: this.#parts.refreshInLock }, meant);
    return await this.#held([...meant.keys()], async () => {
      const intent = await this.#intentOf(meant, reason, operation);
      if (intent === null) {
        if (operation) await this.#recordNothing(messages[0]!.sessionId, operation);
        return null;
      }
      await writeIntent(layout, intent).catch((error) => {
        throw storageError(error);
      });
      this.#begun = intent;
      await this.#apply(intent);
      return intent;
    });
  }

  /** Throws a ClientError if one of the messages never was. */
  #meant(messages: readonly MessageRef[]): Meant {
    const meant: Meant = new Map();
    for (const [n, { sessionId, ordinal }] of messages.entries()) {
      const row = this.#parts.index.row(sessionId);
      refuseMissing(sessionId, row);
      if (ordinal >= row.nextOrdinal) {
        const message = `expected the id of a message that "${sessionId}" has or had, got "${messageId({ sessionId, ordinal })}"`;
        throw new InvalidInputError([{ path: ['input', 'messageIds', `${n}`], message }]);
      }
      meant.set(sessionId, (meant.get(sessionId) ?? new Set()).add(ordinal));
    }
    return meant;
  }

  async #intentOf(
    meant: Meant,
    reason: string,
    operation: Operation | undefined,
  ): Promise<RedactionIntent | null> {
    const { layout, index, writes, clock } = this.#parts;
    const at = clock.now().toISOString();
    const sessions: RedactionIntent['sessions'][number][] = [];
    for (const [id, ordinals] of meant) {
      const { sequence } = await writes.settled(id);
      const path = absoluteSessionPath(layout.root, id);
      const lines = await overwritesOf({ id, path }, ordinals, at).catch((error) => {
        throw unread(id, error);
      });
      const added = [...ordinals].filter(
        (ordinal) => lines.length > 0 || index.redactedAt(id, ordinal) === null,
      );
      if (added.length > 0) sessions.push({ id, sequence, ordinals: added.sort((a, b) => a - b), lines });
    }
    if (sessions.length === 0) return null;
    const { id, fingerprint } = operation ?? {};
    return {
      op: 'redaction',
      at,
      reason,
      operation: id === undefined ? undefined : { id, fingerprint: fingerprint! },
      sessions,
    };
  }

  /** All was redacted before: only the operation is new. */
  #recordNothing(id: string, operation: Operation): Promise<void> {
    return this.#parts.writes.submitHeld(id, {
      expectedVersion: null,
      operation,
      records: (stamp, { version }) => [{ ...stamp, op: 'none', version }],
      answer: () => {},
    });
  }

  /** The queues of the sessions are held. */
  async #apply(intent: RedactionIntent): Promise<void> {
    const { layout, index, files } = this.#parts;
    try {
      for (const [n] of intent.sessions.entries()) await this.#record(intent, n);
      await files.emptyJournal();
      for (const { id, lines } of intent.sessions) {
        const row = index.row(id);
        if (!row || lines.length === 0) continue;
        const bytes = lines.map(({ offset, length, members }) => ({
          offset,
          bytes: overwritingBytes(members, length),
        }));
        const path = absoluteSessionPath(layout.root, id);
        await this.#overwritten(id, await files.overwrite(path, bytes));
      }
    } catch (error) {
      throw unfinished(error);
    }
  }

  /** Appends the redact line, unless it is there. */
  async #record({ sessions, at, reason, operation }: RedactionIntent, n: number): Promise<void> {
    const { index, writes } = this.#parts;
    const { id, ordinals } = sessions[n]!;
    const last = index.redactedAt(id, ordinals[0]!);
    if (!index.has(id) || (last !== null && last.getTime() >= Date.parse(at))) return;
    await writes.submitHeld(id, {
      expectedVersion: null,
      operation: n === 0 ? operation : undefined,
      records: (stamp, state) => [{ ...stamp, op: 'redact', version: state.version + 1, ordinals, reason }],
      answer: () => {},
    });
  }

  /** Tells the index of the time of a file whose lines have kept their places. */
  async #overwritten(id: string, mtime: number): Promise<void> {
    const { db, index, writer, external } = this.#parts;
    if (index.isFaulty(id)) {
      await external.reread(id);
      return;
    }
    await db.writable();
    const state = stateOf(index.whole(index.row(id)!));
    db.transaction(() => writer.updateSession(state, mtime, state));
  }

  /** Removes what was derived from the former texts, then the intent. */
  async #finish(): Promise<void> {
    const intent = this.#begun;
    if (!intent) return;
    const { layout, scrubSearch, forgetTexts } = this.#parts;
    try {
      forgetTexts();
      await removeTornCopies(
        layout,
        intent.sessions.map(({ id }) => id),
      );
      await scrubSearch(intent.sessions.map(({ sequence }) => sequence));
      await removeIntent(layout);
    } catch (error) {
      throw unfinished(error);
    }
    this.#begun = null;
  }
}

/** The error for a session whose file cannot be read. */
function unread(id: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code = 'no code' } = error as NodeJS.ErrnoException;
  return new StorageError(
    `${sessionPath(id)} cannot be read (${code}): nothing was redacted. Put the file back, and try again.`,
    false,
    { cause: error },
  );
}

/** The redaction is begun, and goes on with the next try. */
function unfinished(error: unknown): unknown {
  if (error instanceof SessionNotFoundError) return error;
  const cause = error instanceof StorageError ? (error.cause ?? error) : error;
  const why = error instanceof StorageError ? ` ${error.message}` : '';
  return new StorageError(
    `The redaction has begun and is not complete: the texts may still be in files of the store. Try again with the same operationId; the next start of the server completes it, too.${why}`,
    true,
    { cause },
  );
}
