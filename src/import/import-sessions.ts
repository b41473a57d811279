import { StorageError } from '../model/errors.ts';
import { Archivals } from './archivals.ts';
import { Fitter } from './fit.ts';
import type { Format, SourceSession } from './format.ts';
import type { ImporterParts } from './importer-parts.ts';
import { idOf, levelsOf, parentKeyOf } from './order.ts';
import type { Prices } from './prices.ts';
import { isUnder } from './project.ts';
import { SessionReport } from './report.ts';
import { SessionImporter } from './session-importer.ts';
import type { StoredSession, Target } from './target/target.ts';

/** Sessions that are read and written at the same time: they share syncs of the store. */
const SESSIONS_AT_ONCE = 4;
const IDS_AT_ONCE = 1_000;

/** A place to import from. */
export interface ImportSource {
  readonly format: Format;
  readonly path: string;
}

export interface ImportSessionsOptions {
  /** Only sessions that were active then or later, with those above them. */
  readonly since?: Date | null;
  /** Only sessions of this project: its directory, one beneath it, or the last part of its name. */
  readonly project?: string | null;
  readonly prices?: Prices | null;
  /** Default: true. */
  readonly withPayload?: boolean;
  /** The user of the trees. */
  readonly userId?: string | null;
  /** See `SurveyOptions.cache`. */
  readonly cache?: Map<string, unknown>;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly stage: 'Reading' | 'Importing';
  /** Files that were looked at. */
  readonly files: number;
  /** Sessions that were found, then those that were imported. */
  readonly sessions: number;
  /** Of all sessions; 0 while it is not known. */
  readonly ofSessions: number;
  /** What was read in this stage. */
  readonly bytes: number;
}

/**
 * Imports the sessions of other programs into `target`. docs/import.md has the rules. What cannot come in is listed in the report; all else
 * comes in. If the store cannot write, the report says so: the next import goes on.
 */
export async function importSessions(
  sources: readonly ImportSource[],
  target: Target,
  options: ImportSessionsOptions = {},
): Promise<SessionReport> {
  const { prices = null, withPayload = true, userId = null, onProgress = () => {} } = options;
  const report = new SessionReport(target.isDryRun);
  const progress = { files: 0, sessions: 0, ofSessions: 0, bytes: 0 };
  const onFile = (bytes: number) => {
    progress.files += 1;
    progress.bytes += bytes;
    onProgress({ stage: 'Reading', ...progress });
  };
  const found = new Map<string, Found>();
  for (const { format, path } of sources) {
    let isEmpty = true;
    for await (const item of format.survey(path, { onFile, now: Date.now(), cache: options.cache })) {
      isEmpty = false;
      if (item.type === 'fault') report.faults.push(item);
      else if (item.type === 'dropped') report.drop(item);
      else keepLarger(found, { format, source: item }, report);
      // A file can hold thousands of sessions.
      progress.sessions = found.size;
      onProgress({ stage: 'Reading', ...progress });
    }
    if (isEmpty) report.notes.push(`${path}: no sessions of ${format.title}`);
  }
  const chosen = choose(found, options);
  if (found.size > 0 && chosen.size === 0) report.notes.push(noneOf(found.size, options));
  progress.bytes = 0;
  progress.sessions = 0;
  try {
    const stored = await findStored(target, chosen);
    for (const [key, { source }] of chosen) if (source.isFormer && !stored.has(idOf(key))) chosen.delete(key);
    const levels = levelsOf(new Map([...chosen].map(([key, { source }]) => [key, source])));
    progress.ofSessions = chosen.size;
    const fitter = new Fitter(target.limits, { withPayload });
    const archivals = new Archivals(target, fitter, report);
    for (const session of stored.values()) archivals.resume(session);
    const parts: ImporterParts = {
      target,
      fitter,
      prices,
      report,
      userId,
      stored,
      surveyed: new Set([...found.keys()].map(idOf)),
      leftOut: new Map(),
      moved: new Map(),
      archivals,
    };
    const importer = new SessionImporter(parts);
    for (const level of levels) {
      await inParallel(level, SESSIONS_AT_ONCE, async (source) => {
        await importer.import(chosen.get(source.key)!.format, source);
        progress.sessions += 1;
        progress.bytes += source.files[0]?.bytes ?? 0;
        onProgress({ stage: 'Importing', ...progress });
      });
    }
    await inParallel(archivals.tasks(), SESSIONS_AT_ONCE, (archive) => archive());
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    report.stopped = error.message;
  }
  report.sort();
  return report;
}

interface Found {
  readonly format: Format;
  readonly source: SourceSession;
}

/** Of two files of one session, the larger: a copy is a copy of an earlier state. */
function keepLarger(found: Map<string, Found>, next: Found, report: SessionReport): void {
  const { key } = next.source;
  const other = found.get(key);
  if (!other) {
    found.set(key, next);
    return;
  }
  const [better, worse] = bytesOf(next) > bytesOf(other) ? [next, other] : [other, next];
  found.set(key, better);
  const [path, taken] = [worse, better].map(({ source }) => source.files[0]?.path ?? key);
  report.notes.push(
    path === taken
      ? `${path}: has the session "${key}" more than once: all but the largest are left out`
      : `${path}: left out, since ${taken} is a larger file of the same session`,
  );
}

function bytesOf({ source }: Found): number {
  return source.files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function noneOf(count: number, { since = null, project = null }: ImportSessionsOptions): string {
  const wanted = [
    ...(project === null ? [] : [`of the project "${project}"`]),
    ...(since === null ? [] : [`active since ${since.toISOString()}`]),
  ];
  const sessions = count === 1 ? '1 session was' : `${count} sessions were`;
  return `${sessions} found, none ${wanted.join(' and ')}`;
}

/** The sessions that `options` ask for, and those above them. */
function choose(
  found: Map<string, Found>,
  { since = null, project = null }: ImportSessionsOptions,
): Map<string, Found> {
  if (since === null && project === null) return found;
  const projectOf = (source: SourceSession): string | null => {
    for (let at: SourceSession | undefined = source, steps = 0; at && steps < found.size; steps += 1) {
      if (at.described.project !== null) return at.described.project;
      at = found.get(parentKeyOf(at) ?? '')?.source;
    }
    return null;
  };
  const chosen = new Map<string, Found>();
  for (const [key, one] of found) {
    const { lastActiveAt } = one.source;
    if (since !== null && lastActiveAt !== null && lastActiveAt < since) continue;
    if (project !== null && !isUnder(projectOf(one.source), project)) continue;
    for (let at: string | null = key; at !== null && found.has(at) && !chosen.has(at); ) {
      chosen.set(at, found.get(at)!);
      at = parentKeyOf(found.get(at)!.source);
    }
  }
  return chosen;
}

async function findStored(
  target: Target,
  chosen: ReadonlyMap<string, Found>,
): Promise<Map<string, StoredSession>> {
  const keys = [...chosen.values()].flatMap(({ source }) => [source.key, parentKeyOf(source) ?? source.key]);
  const ids = [...new Set(keys.map(idOf))];
  const stored = new Map<string, StoredSession>();
  for (let start = 0; start < ids.length; start += IDS_AT_ONCE) {
    for (const session of await target.find(ids.slice(start, start + IDS_AT_ONCE)))
      if (session) stored.set(session.id, session);
  }
  return stored;
}

/** Calls `work` for each item, for at most `limit` of them at a time. Rejects, after all that began have ended, with the first rejection. */
async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  let isFailed = false;
  const worker = async () => {
    while (next < items.length && !isFailed) {
      const item = items[next]!;
      next += 1;
      try {
        await work(item);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}
