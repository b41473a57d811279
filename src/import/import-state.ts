import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Fitter } from './fit.ts';
import type { Resume, SessionEnd, SourceSession } from './format.ts';
import type { StoredSession } from './target/target.ts';

/** The member of a session's metadata that an import keeps for the next one. */
export const STATE_MEMBER = 'import';

/** Most of what `ImportState` takes in the metadata of a session. */
export const STATE_BYTES_MAX = 16 * 1024;

const PRINT_BYTES = 4_096;

/** The share of the `paidKeys` that is tried next where they take too much room. */
const KEYS_KEPT = 0.9;

/** What an import remembers of a session, in its metadata. */
export interface ImportState {
  readonly format: string;
  readonly path: string;
  readonly revision: string;
  /** Null: the next import reads the session as a whole. */
  readonly resume: Resume | null;
  /** Of the beginning of the file, and of what stands before `resume.bytes`: see `printOf`. */
  readonly print: string | null;
  /** `SourceSession.links` */
  readonly links?: string | undefined;
  /** The title that the import gave: another one is a person's, and stays. */
  readonly title: string | null;
  /** The parent that the import gave: a session that is elsewhere was moved, and stays. */
  readonly parentId: string | null;
  readonly isUnfinished: boolean;
  /** True if the import gave the status RUNNING, which ends though the source does not change any more. Left out: false. */
  readonly isRunning?: boolean | undefined;
  /** True if the source said that the session is archived: what a person changes of that since, stays. Left out: false. */
  readonly isArchived?: boolean | undefined;
  /** The `archivedAt` of an archival that is still pending. Left out: none is. */
  readonly archiveAt?: string | undefined;
  /** See `Rollback.restorableKeys`: those that were paid for. Left out: none. */
  readonly paidKeys?: readonly string[];
  /** The members of the metadata that the import gave: those that the source has no more go, others stay. Left out: unknown. */
  readonly told?: readonly string[];
}

/** The state in `metadata`; null if an import did not make the session. */
export function stateOf(metadata: JsonObject): ImportState | null {
  const state = metadata[STATE_MEMBER];
  return isJsonObject(state) && typeof state.format === 'string' ? (state as unknown as ImportState) : null;
}

/** Where to go on reading a session; null if its file has not merely grown since. */
export async function resumeOf(state: ImportState, source: SourceSession): Promise<Resume | null> {
  const { resume, print } = state;
  const [file] = source.files;
  if (!resume || print === null || !file || file.path !== state.path || file.bytes < resume.bytes)
    return null;
  if (state.links !== source.links) return null;
  return (await printOf(file.path, resume.bytes)) === print ? resume : null;
}

/** True if a session whose source did not change was read again, and says of itself what it said: it still runs, or is still not whole. */
export function isAsBefore(
  known: StoredSession,
  state: ImportState,
  { described }: SourceSession,
  end: SessionEnd | null,
): boolean {
  const status = end?.described?.status ?? described.status ?? (state.isRunning ? 'IDLE' : null);
  return (status === null || status === known.status) && (end?.isUnfinished ?? false) === state.isUnfinished;
}

/**
 * Without what has no room, or cannot be stored: without the names in `told`, what vanishes from the metadata stays; without a place to resume
 * at, a later import reads the session as a whole; without some of the `paidKeys`, it pays for these once more if they are restored.
 */
export function storableState(state: ImportState, fitter: Fitter): JsonObject {
  const { told: _, ...untold } = state;
  const fromBeginning = { resume: null, print: null };
  const forms: ImportState[] = [
    state,
    untold,
    { ...state, ...fromBeginning },
    { ...untold, ...fromBeginning },
  ];
  const isFine = (form: ImportState) => fitter.isFine(form as object as JsonObject, STATE_BYTES_MAX);
  let stored = forms.find(isFine) ?? forms.at(-1)!;
  for (let { paidKeys = [] } = stored; paidKeys.length > 0 && !isFine(stored); ) {
    paidKeys = paidKeys.slice(0, paidKeys.length * KEYS_KEPT);
    stored = { ...stored, paidKeys };
  }
  return stored as object as JsonObject;
}

/** A hash of the first and the last bytes of the first `bytes` of a file: differs if the file was rewritten, with very few exceptions. */
export async function printOf(path: string, bytes: number): Promise<string> {
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    for (const start of [0, Math.max(0, bytes - PRINT_BYTES)]) {
      const buffer = Buffer.alloc(Math.min(PRINT_BYTES, bytes - start));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 32);
  } finally {
    await file.close();
  }
}
