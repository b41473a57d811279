import { basename } from 'node:path';
import { isOwned } from '../disk/lock.ts';
import type { Difference } from '../durable/journal/latest-entries.ts';
import { compareWithJournal, type Replayed } from '../durable/journal/replay.ts';
import { type Layout, sessionIdOfFileName } from '../format/layout.ts';
import type { Fault, QuarantineTable } from '../index/quarantine-table.ts';
import { UnreadableStoreError } from '../scan/store-id.ts';

const LACKING = 'the end of the file is missing; the next start restores it from the journal';

/** How the store's files differ from its journal. Nothing if the store is in use: its files then have all writes. */
export function differencesFromJournal(layout: Layout, store: string): Iterable<Difference> {
  return isOwned(layout) ? [] : compareWithJournal(layout, store);
}

/** Throws an UnreadableStoreError if a start has to restore acknowledged writes from the journal first. */
export function refuseUnrestored(layout: Layout, store: string): void {
  for (const { path, lacking } of differencesFromJournal(layout, store)) {
    if (lacking.length === 0) continue;
    throw new UnreadableStoreError(
      `The store at ${layout.root} was not stopped cleanly, and ${path} lacks what its journal holds. ` +
        'Start a server on it, or run "sessiontree check --repair": either puts it back.',
    );
  }
}

/** The faults that a reader reports: what the next start restores from the journal, and what is lost. */
export function* faultsBeforeReplay(layout: Layout, store: string): Generator<Fault> {
  for (const { path, lacking, lost } of differencesFromJournal(layout, store)) {
    if (lacking.length > 0) yield faultOf(path, LACKING);
    if (lost !== null) yield faultOf(path, lost);
  }
}

/** The faults of files that a replay could not restore. Skips files with other faults, which say more. */
export function* faultsAfterReplay(lost: Replayed['lost'], quarantine: QuarantineTable): Generator<Fault> {
  for (const { path, lost: what } of lost) {
    if (!quarantine.has(path)) yield faultOf(path, path.startsWith('journal') ? what : `${what}: see torn/`);
  }
}

function faultOf(path: string, reason: string): Fault {
  const sessionId = sessionIdOfFileName(basename(path));
  return { kind: sessionId === null ? 'log' : 'damage', path, line: null, sessionId, reason };
}
