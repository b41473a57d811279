import { basename } from 'node:path';
import { InvalidInputError, StorageError } from '../../../../model/errors.ts';
import { type MessageRef, messageId } from '../../../../model/id.ts';
import type { Operation } from '../../../../model/operation.ts';
import { refuseMissing } from '../../../plans/preconditions.ts';
import type { MessageLocation } from '../../../records/session-state.ts';
import type { StoreClock } from '../../../runtime/store-clock.ts';
import { isFaultOfOneFile } from '../../disk/unreadable-file.ts';
import { absoluteSessionPath, type Layout } from '../../format/layout.ts';
import type { IndexReader } from '../../index/reader.ts';
import type { SessionWrites } from '../session-writes.ts';
import type { Meant } from './copies.ts';
import type { RedactionIntent } from './intent.ts';
import { overwritesOf } from './overwrites.ts';

/** What it takes to work out a redaction. */
export interface PlannedParts {
  readonly layout: Layout;
  readonly index: IndexReader;
  readonly writes: SessionWrites;
  readonly clock: StoreClock;
}

/** A truncation as its line has it. */
export interface Truncation {
  readonly length: number;
  readonly messageCount: number;
}

/** The messages by their sessions. Throws a ClientError if one of them never was. */
export function meantBy(index: IndexReader, messages: readonly MessageRef[]): Meant {
  const meant: Meant = new Map();
  for (const [n, { sessionId, ordinal }] of messages.entries()) {
    const row = index.row(sessionId);
    refuseMissing(sessionId, row);
    if (ordinal >= row.nextOrdinal) {
      const message = `expected the id of a message that "${sessionId}" has or had, got "${messageId({ sessionId, ordinal })}"`;
      throw new InvalidInputError([{ path: ['input', 'messageIds', `${n}`], message }]);
    }
    meant.set(sessionId, (meant.get(sessionId) ?? new Set()).add(ordinal));
  }
  return meant;
}

/**
 * The redaction of messages, whose sessions' queues are held; null if all of them were redacted before. Rejects with a StorageError if a
 * file cannot be read.
 */
export async function redactionOf(
  { layout, index, writes, clock }: PlannedParts,
  meant: Meant,
  reason: string,
  operation: Operation | undefined,
): Promise<RedactionIntent | null> {
  const at = clock.now().toISOString();
  const sessions: RedactionIntent['sessions'][number][] = [];
  for (const [id, ordinals] of meant) {
    const { sequence } = await writes.settled(id);
    const path = absoluteSessionPath(layout.root, id);
    const lines = await overwritesOf({ id, path }, { ordinals, at, isPurge: false }).catch((error) => {
      throw unread(error);
    });
    const added = [...ordinals].filter(
      (ordinal) => lines.length > 0 || index.redactedAt(id, ordinal) === null,
    );
    if (added.length > 0) sessions.push({ id, sequence, ordinals: added.sort((a, b) => a - b), lines });
  }
  if (sessions.length === 0) return null;
  return { op: 'redaction', at, reason, operation: operationIn(operation), sessions };
}

/** The reason in the redact line of a truncation. */
const PURGED = 'purged';

/** The truncation of a history, whose queue is held, of which nothing is to stay. Rejects with a StorageError if the file cannot be read. */
export async function purgeOf(
  { layout, index, clock }: PlannedParts,
  id: string,
  dropped: readonly MessageLocation[],
  truncate: Truncation,
  operation: Operation | undefined,
): Promise<RedactionIntent> {
  const at = clock.now().toISOString();
  const ordinals = dropped.map(({ ordinal }) => ordinal);
  const path = absoluteSessionPath(layout.root, id);
  const overwriting = { ordinals: new Set(ordinals), at, isPurge: true };
  const lines = await overwritesOf({ id, path }, overwriting).catch((error) => {
    throw unread(error);
  });
  const { sequence } = index.row(id)!;
  return {
    op: 'redaction',
    at,
    reason: PURGED,
    isPurge: true,
    operation: operationIn(operation),
    sessions: [{ id, sequence, ordinals, lines, truncate }],
  };
}

/** As it is recorded. */
function operationIn(operation: Operation | undefined): RedactionIntent['operation'] {
  if (!operation) return undefined;
  const { id, caller, fingerprint } = operation;
  return { id, caller: caller ?? undefined, fingerprint };
}

/** The error for a file of a session that cannot be read. */
export function unread(error: unknown): unknown {
  if (!isFaultOfOneFile(error)) return error;
  const name = basename(error.path ?? 'a file');
  return new StorageError(
    `${name} cannot be read (${error.code}): nothing was redacted. Put the file back, and try again.`,
    false,
    { cause: error },
  );
}
