import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { otherTables } from '../file-kinds.ts';
import type { Dropped, Fault } from '../format.ts';
import { readRegularFile } from '../regular-file.ts';
import { dateIn, dateInSeconds, objectIn, orNull, parseObject, textIn, without } from '../source-json.ts';
import { isMissing, unreadable } from '../unreadable.ts';

/** What Codex knows of threads beside their rollouts. */
export interface ThreadRecords {
  readonly threads: ReadonlyMap<string, ThreadRecord>;
  /** By the child. */
  readonly edges: ReadonlyMap<string, SpawnEdge>;
  /** True if something of it could not be read. */
  readonly isPartial: boolean;
}

export interface SpawnEdge {
  readonly parent: string;
  readonly status: string | null;
  /** The other columns; null if there are none. */
  readonly rest: JsonObject | null;
}

export interface ThreadRecord {
  readonly title: string | null;
  readonly archivedAt: Date | null;
  readonly updatedAt: Date | null;
  /** The other columns. */
  readonly rest: JsonObject;
  /** Kinds of what is dropped of it. */
  readonly dropped: readonly string[];
}

/** How long to wait for a lock of Codex, in milliseconds. */
const LOCK_MS = 5_000;
/** Columns with a field of their own. */
const KNOWN = ['id', 'archived', 'archived_at'];
/** Columns with the beginning of the first prompt, which can be long. */
const REPEATS = ['first_user_message', 'preview'];

/** Reads `state_<n>.sqlite`, the one with the highest n, and the names in `session_index.jsonl`. */
export async function readThreadRecords(
  home: string,
  faults: Fault[],
): Promise<ThreadRecords & { readonly dropped: readonly Dropped[] }> {
  const dropped: Dropped[] = [];
  let isPartial = false;
  const fail = (fault: Fault) => {
    faults.push(fault);
    isPartial = true;
  };
  const threads = new Map<string, ThreadRecord>();
  const edges = new Map<string, SpawnEdge>();
  const names = await readdir(home).catch((error: unknown) => {
    if (!isMissing(error)) fail(unreadable(home, error));
    return [];
  });
  for (const [id, title] of await indexedNames(join(home, 'session_index.jsonl'), faults, fail))
    threads.set(id, { title, archivedAt: null, updatedAt: null, rest: {}, dropped: [] });
  const name = stateDatabase(names);
  if (name === null) return { threads, edges, isPartial, dropped };
  const path = join(home, name);
  try {
    // SQLite would wait for a pipe.
    if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
    using database = new DatabaseSync(path, { readOnly: true, timeout: LOCK_MS });
    for (const row of rowsOf(database, 'threads')) {
      const id = textIn(row.id);
      if (id !== null) threads.set(id, recordOf(row, threads.get(id)));
    }
    for (const row of rowsOf(database, 'thread_spawn_edges')) {
      const [parent, child] = [textIn(row.parent_thread_id), textIn(row.child_thread_id)];
      const rest = orNull(without(row, ['parent_thread_id', 'child_thread_id', 'status']));
      if (parent !== null && child !== null) edges.set(child, { parent, status: textIn(row.status), rest });
    }
    const known = ['threads', 'thread_spawn_edges'];
    const others = otherTables(path, tablesOf(database), known, (table) => countOf(database, table));
    for (const item of others)
      if (item.type === 'fault') faults.push(item);
      else dropped.push(item);
  } catch (error) {
    const reason = `titles and archivals are not known, because the database cannot be read: ${(error as Error).message}`;
    fail({ type: 'fault', path, line: null, reason });
  }
  return { threads, edges, isPartial, dropped };
}

function stateDatabase(names: readonly string[]): string | null {
  const numbered = names.flatMap((name) => {
    const match = /^state_(\d+)\.sqlite$/.exec(name);
    return match ? [{ name, number: Number(match[1]) }] : [];
  });
  return numbered.sort((one, other) => other.number - one.number)[0]?.name ?? null;
}

function rowsOf(database: DatabaseSync, table: string): JsonObject[] {
  const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
  if (!found) return [];
  return database.prepare(`SELECT * FROM "${table}"`).all().map(objectIn).filter(isJsonObject);
}

function tablesOf(database: DatabaseSync): string[] {
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  return rows.map(({ name }) => String(name));
}

function countOf(database: DatabaseSync, table: string): number {
  const counted = database.prepare(`SELECT count(*) AS found FROM "${table.replaceAll('"', '""')}"`).get();
  return Number(counted?.found ?? 0);
}

function recordOf(row: JsonObject, indexed: ThreadRecord | undefined): ThreadRecord {
  const title = textIn(row.name) ?? indexed?.title ?? textIn(row.title);
  // The title is in a field.
  const placed = ['name', 'title'].filter((name) => row[name] === title);
  return {
    title,
    archivedAt: dateInSeconds(row.archived_at),
    updatedAt: dateIn(row.updated_at_ms) ?? dateInSeconds(row.updated_at),
    rest: {
      ...without(row, [...KNOWN, ...REPEATS, ...placed]),
      ...(indexed?.title && indexed.title !== title && { thread_name: indexed.title }),
    },
    dropped: REPEATS.filter((name) => textIn(row[name]) !== null).map((name) => `threads.${name}`),
  };
}

/** `fail`: called if there are no names, because the file cannot be read. */
async function indexedNames(
  path: string,
  faults: Fault[],
  fail: (fault: Fault) => void,
): Promise<Map<string, string>> {
  const text = await readRegularFile(path).catch((error: unknown) => {
    if (!isMissing(error)) fail(unreadable(path, error));
    return '';
  });
  const names = new Map<string, string>();
  const lines = text.split('\n');
  for (const [n, line] of lines.entries()) {
    const entry = parseObject(line);
    // The last one can be unfinished.
    if (!entry && line !== '' && n < lines.length - 1)
      faults.push({ type: 'fault', path, line: n + 1, reason: 'the line is no JSON object' });
    const [id, name] = [textIn(entry?.id), textIn(entry?.thread_name)];
    // A later line replaces an earlier one.
    if (id !== null && name !== null) names.set(id, name);
  }
  return names;
}
