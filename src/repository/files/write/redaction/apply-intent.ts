import { grouped } from '../../../records/group.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { absoluteSessionPath, type Layout } from '../../format/layout.ts';
import { overwritingBytes } from '../../format/redacted-line.ts';
import type { IndexDatabase } from '../../index/database.ts';
import type { IndexReader } from '../../index/reader.ts';
import { stateOf } from '../../index/session-row.ts';
import type { IndexWriter } from '../../index/writer.ts';
import type { ExternalChanges } from '../../recovery/external-changes.ts';
import type { SessionWrites } from '../session-writes.ts';
import type { RedactionIntent } from './intent.ts';
import { unfinished } from './unfinished.ts';

export interface ApplyIntentParts {
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly files: DurableFiles;
  readonly writes: SessionWrites;
  readonly external: ExternalChanges;
  /** Forgets the texts that are kept in memory. */
  readonly forgetTexts: () => void;
}

/**
 * Overwrites the lines that an intent names, and appends its redact lines. The queues of its sessions are held. What is done already may be
 * done again. Rejects with a StorageError that says that the redaction is not complete.
 */
export async function applyIntent(parts: ApplyIntentParts, intent: RedactionIntent): Promise<void> {
  try {
    // Whoever is told of a redaction reads the messages anew, and must not find the former texts. What a purge drops is read by nobody
    // once that is recorded, and must not be seen emptied before.
    if (!intent.isPurge) await overwrite(parts, intent);
    for (const [n] of intent.sessions.entries()) await record(parts, intent, n);
    if (intent.isPurge) await overwrite(parts, intent);
  } catch (error) {
    throw unfinished(error);
  }
}

async function overwrite(parts: ApplyIntentParts, intent: RedactionIntent): Promise<void> {
  const { layout, db, index, writer, files, forgetTexts } = parts;
  await files.emptyJournal();
  for (const { id, ordinals, lines } of intent.sessions) {
    const row = index.row(id);
    if (row && intent.isPurge) db.transaction(() => writer.removeKeys(row.sequence, ordinals));
    if (!row || lines.length === 0) continue;
    const bytes = lines.map(({ offset, length, members }) => ({
      offset,
      bytes: overwritingBytes(members, length),
    }));
    const path = absoluteSessionPath(layout.root, id);
    await overwritten(parts, id, await files.overwrite(path, bytes));
  }
  forgetTexts();
}

/** Tells the index of the time of a file whose lines have kept their places. */
async function overwritten(
  { db, index, writer, external }: ApplyIntentParts,
  id: string,
  mtime: number,
): Promise<void> {
  if (index.isFaulty(id)) {
    await external.reread(id);
    return;
  }
  await db.writable();
  const state = stateOf(index.whole(index.row(id)!));
  db.transaction(() => writer.updateSession(state, mtime, state));
}

/** Appends the redact line of session `n` of the intent, unless it is there. */
async function record(
  { index, writes }: ApplyIntentParts,
  { sessions, at, reason, operation }: RedactionIntent,
  n: number,
): Promise<void> {
  const { id, ordinals, truncate } = sessions[n]!;
  const last = index.redactedAt(id, ordinals[0]!);
  if (!index.has(id) || (last !== null && last.getTime() >= Date.parse(at))) return;
  await writes.submitHeld(id, {
    expectedVersion: null,
    operation: n === 0 ? operation : undefined,
    records: (stamp, state) => {
      const head = { ...stamp, version: state.version + 1 };
      const redact = { ...head, op: 'redact' as const, ordinals, reason };
      return truncate ? grouped([{ ...head, op: 'truncate', ...truncate }, redact]) : [redact];
    },
    answer: () => {},
  });
}
