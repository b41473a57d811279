import { rmSync } from 'node:fs';
import type { Operation } from '../../../model/operation.ts';
import type { AnswerLimits, RedactMessages, TruncateHistory, WrittenHistory } from '../../mutations.ts';
import type { Logger } from '../../observer.ts';
import { planHistory } from '../../plans/history-plan.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { KeyedMutex } from '../../runtime/keyed-mutex.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import { storageError } from '../disk/storage-error.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { BeforeCommit } from './deletions.ts';
import { FileHistoryView, type FileHistoryViewParts } from './file-history-view.ts';
import { type ApplyIntentParts, applyIntent } from './redaction/apply-intent.ts';
import { addCopies } from './redaction/copies.ts';
import { type RedactionIntent, readIntent, removeIntent, writeIntent } from './redaction/intent.ts';
import { meantBy, purgeOf, redactionOf, type Truncation, unread } from './redaction/planned.ts';
import { scrubIndex } from './redaction/scrub-index.ts';
import { removeTornCopies } from './redaction/torn-copies.ts';
import { unfinished } from './redaction/unfinished.ts';

export interface RedactionsParts extends ApplyIntentParts {
  readonly clock: StoreClock;
  readonly logger: Logger;
  /** Runs `work` with the tree lock held exclusively: no fork is made meanwhile. */
  readonly inTreeLock: <T>(work: () => Promise<T>) => Promise<T>;
  /** Reads the file of a session again, if another program changed it. The tree lock is held. */
  readonly refreshInLock: (id: string) => Promise<void>;
  readonly read: FileHistoryViewParts['read'];
  readonly committer: Pick<Committer, 'alone'>;
  /** Removes what search has of the former texts of these sessions, by sequence number. */
  readonly scrubSearch: (sequences: readonly number[]) => Promise<void>;
}

/**
 * Overwrites what messages say, and what is dropped for good. `redaction.json` says first what is about to be done: from then on, the redaction is completed, by the
 * next start if the process ends. Then the journal is emptied, which could otherwise put the former bytes back; the lines are overwritten;
 * a redact line is appended to each session, before that if the messages are dropped; and what was derived from the texts goes.
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
    rmSync(`${layout.redaction}.tmp`, { force: true });
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
      await this.#parts.inTreeLock(() => this.#begin(input, operation));
      await this.#finish();
    });
  }

  /** As `HistoryWrites.write` for a truncation; nothing of what it drops is left. */
  truncate(
    input: TruncateHistory,
    limits: AnswerLimits,
    operation: Operation | undefined,
  ): Promise<Omit<WrittenHistory, 'messages' | 'isNew'>> {
    const { index } = this.#parts;
    const { sessionId } = input;
    return this.#alone(async () => {
      await this.#complete();
      const answer = await this.#held([sessionId], async () => {
        await this.#parts.writes.settled(sessionId);
        const { row, keep, users, removed } = await planHistory(
          new FileHistoryView(this.#parts, sessionId),
          input,
          limits,
        );
        const dropped = index.messagesFrom(sessionId, keep, Number.MAX_SAFE_INTEGER);
        const truncation = { length: keep, messageCount: users };
        await this.#dropping(sessionId, dropped, truncation, operation);
        return { removed, removedCount: row.historyLength - keep };
      });
      await this.#finish();
      return { ...answer, session: index.session(sessionId)! };
    });
  }

  /** Runs `deletion`, which calls its argument with the deleted sessions before it is committed; nothing of these is left. */
  delete<T>(deletion: (beforeCommit: BeforeCommit) => Promise<T>): Promise<T> {
    const { layout, index, clock } = this.#parts;
    return this.#alone(async () => {
      await this.#complete();
      let deleted: RedactionIntent['deleted'];
      const beforeCommit: BeforeCommit = async (sessions) => {
        deleted = sessions;
        const at = clock.now().toISOString();
        this.#begun = await written(layout, {
          op: 'redaction',
          at,
          reason: '',
          isPurge: true,
          sessions: [],
          deleted,
        });
      };
      try {
        const answer = await deletion(beforeCommit);
        await this.#finish();
        return answer;
      } catch (error) {
        // Not committed: the sessions stay.
        if (deleted && !index.tombstone(deleted[0]!.id)) await this.#forget();
        throw error;
      }
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
        () => applyIntent(this.#parts, intent),
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

  /** Everything except what `#finish` does. */
  async #begin(
    { messages, copies, sight = null, reason }: RedactMessages,
    operation: Operation | undefined,
  ): Promise<void> {
    const { layout, index } = this.#parts;
    const meant = meantBy(index, messages);
    const parts = { root: layout.root, index, sight, refresh: this.#parts.refreshInLock };
    if (copies)
      await addCopies(parts, meant).catch((error) => {
        throw unread(error);
      });
    await this.#held([...meant.keys()], async () => {
      const intent = await redactionOf(this.#parts, meant, reason, operation);
      if (intent) await this.#applyNew(intent);
      else if (operation) await this.#recordNothing(messages[0]!.sessionId, operation);
    });
  }

  async #applyNew(intent: RedactionIntent): Promise<void> {
    this.#begun = await written(this.#parts.layout, intent);
    await applyIntent(this.#parts, intent);
  }

  /** Truncates a history, whose queue is held. */
  async #dropping(
    id: string,
    dropped: readonly MessageLocation[],
    truncate: Truncation,
    operation: Operation | undefined,
  ): Promise<void> {
    if (dropped.length === 0) {
      await this.#parts.writes.submitHeld(id, {
        expectedVersion: null,
        operation,
        records: (stamp, { version }) => [{ ...stamp, op: 'truncate', version: version + 1, ...truncate }],
        answer: () => {},
      });
      return;
    }
    await this.#applyNew(await purgeOf(this.#parts, id, dropped, truncate, operation));
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

  /** Removes what was derived from the former texts, then the intent. */
  async #finish(): Promise<void> {
    const intent = this.#begun;
    if (!intent) return;
    const { layout, index, files, scrubSearch, forgetTexts } = this.#parts;
    const deleted = intent.deleted ?? [];
    // The process ended before the deletion was committed.
    if (deleted.length > 0 && !index.tombstone(deleted[0]!.id)) {
      await this.#forget();
      return;
    }
    const gone = [...intent.sessions, ...deleted];
    try {
      forgetTexts();
      if (deleted.length > 0) await files.emptyJournal();
      for (const { id } of deleted) await files.remove(absoluteSessionPath(layout.root, id));
      await removeTornCopies(
        layout,
        gone.map(({ id }) => id),
      );
      await scrubSearch(gone.map(({ sequence }) => sequence));
      if (intent.isPurge) await scrubIndex(this.#parts);
      await this.#forget();
    } catch (error) {
      throw unfinished(error);
    }
  }

  async #forget(): Promise<void> {
    await removeIntent(this.#parts.layout);
    this.#begun = null;
  }
}

async function written(layout: Layout, intent: RedactionIntent): Promise<RedactionIntent> {
  await writeIntent(layout, intent).catch((error) => {
    throw storageError(error);
  });
  return intent;
}
