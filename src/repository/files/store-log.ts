import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, sessionIdOfFileName } from './layout.ts';
import { encodeLine } from './line.ts';
import { parseStoreRecord, type ShapeRecord } from './record.ts';
import { type LinesScanned, scanLines, withFileChunks } from './scan-lines.ts';
import { scanSession } from './scan-session.ts';
import { shardFolders } from './shard-folders.ts';
import { isFaultOfOneFile } from './unreadable-file.ts';

/** The version of FORMAT.md that this program writes, and the only one that it reads. */
export const FORMAT = 1;

/** `store.jsonl`: which store this is, and every change to the shape of its trees. */
export interface StoreLog extends LinesScanned {
  /** The store's id, which each session's first line names. */
  readonly store: string;
  /** The highest sequence number in it. */
  readonly lastSeq: number;
}

/** There is no store in the directory, or not one that this version can read. */
export class UnreadableStoreError extends Error {
  override readonly name = 'UnreadableStoreError';
}

/** Reads the log; `emit` is given each change of the shape of the trees. Throws an UnreadableStoreError where it is not one that can be used. */
export function readStoreLog(
  layout: Layout,
  acknowledged: number | null,
  emit: (record: ShapeRecord) => void,
): StoreLog {
  if (!existsSync(layout.storeLog)) {
    throw new UnreadableStoreError(
      `There is no Sessiontree store at ${layout.root}: it has no store.jsonl. Name its directory with --data.`,
    );
  }
  let store: string | null = null;
  let lastSeq = 0;
  const lines = withFileChunks(layout.storeLog, (read) =>
    scanLines(read, acknowledged, (value) => {
      const parsed = parseStoreRecord(value);
      if ('fault' in parsed) return parsed.fault;
      const { record } = parsed;
      if (record.op !== 'store') {
        lastSeq = Math.max(lastSeq, record.seq);
        emit(record);
      } else if (record.format !== FORMAT) {
        throw new UnreadableStoreError(
          `${layout.storeLog} has format ${record.format}; this version of Sessiontree reads format ${FORMAT}. ` +
            'Use the version that wrote it, or a later one.',
        );
      } else {
        store ??= record.store;
      }
      return null;
    }),
  );
  store ??= storeOfSessions(layout);
  if (store === null) {
    throw new UnreadableStoreError(
      `${layout.storeLog} does not say which store it belongs to (${lines.faults[0]?.reason ?? 'it is empty'}). ` +
        'Restore it from a backup, or name another directory with --data.',
    );
  }
  return { ...lines, store, lastSeq };
}

/**
 * Makes the log where there is none. Where sessions are there without it, they say which store it was: they stay
 * readable, though what was deleted from it is no longer known.
 */
export function createStoreLog(layout: Layout): void {
  if (existsSync(layout.storeLog)) return;
  const store = storeOfSessions(layout) ?? randomUUID();
  const header = { op: 'store', format: FORMAT, store, at: new Date().toISOString() };
  const temporary = `${layout.storeLog}.tmp`;
  writeFileSync(temporary, encodeLine(header), { flush: true });
  renameSync(temporary, layout.storeLog);
}

/** The store that the first readable session belongs to: one that came from another store says that too. */
function storeOfSessions(layout: Layout): string | null {
  for (const shard of shardFolders(layout).there) {
    const directory = join(layout.sessions, shard);
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const { name } = entry;
      const id = sessionIdOfFileName(name);
      if (!entry.isFile() || id === null) continue;
      const store = storeOf(join(directory, name), id);
      if (store !== null) return store;
    }
  }
  return null;
}

/** Null where that cannot be read. */
function storeOf(path: string, id: string): string | null {
  try {
    return withFileChunks(path, (read) => scanSession(read, id, null, { emit() {}, elsewhere: new Set() }))
      .store;
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return null;
  }
}
