import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Fault } from '../format.ts';
import { dateIn, dateInSeconds, objectIn, parseObject, textIn, without } from '../source-json.ts';

/** What Codex knows of threads beside their rollouts. */
export interface ThreadRecords {
  readonly threads: ReadonlyMap<string, ThreadRecord>;
  /** By the child. */
  readonly edges: ReadonlyMap<string, { readonly parent: string; readonly status: string | null }>;
}

export interface ThreadRecord {
  readonly title: string | null;
  readonly archivedAt: Date | null;
  readonly updatedAt: Date | null;
  /** Columns that the rollout does not have. */
  readonly rest: JsonObject;
}

/** Columns that repeat the rollout, or that other fields hold. */
const KNOWN = [
  ...['id', 'rollout_path', 'created_at', 'updated_at', 'created_at_ms', 'updated_at_ms', 'title', 'name'],
  ...[
    'archived',
    'archived_at',
    'cwd',
    'source',
    'model_provider',
    'cli_version',
    'thread_source',
    'originator',
  ],
  ...['git_sha', 'git_branch', 'git_origin_url', 'agent_nickname', 'agent_role', 'agent_path', 'preview'],
  ...[
    'first_user_message',
    'tokens_used',
    'recency_at',
    'recency_at_ms',
    'has_user_event',
    'history_mode',
    'model',
  ],
  ...['sandbox_policy', 'approval_mode', 'reasoning_effort'],
];

/** Reads `state_<n>.sqlite`, the one with the highest n, and the names in `session_index.jsonl`. */
export async function readThreadRecords(home: string, faults: Fault[]): Promise<ThreadRecords> {
  const threads = new Map<string, ThreadRecord>();
  const edges = new Map<string, { parent: string; status: string | null }>();
  const names = await readdir(home).catch(() => []);
  for (const [id, title] of await indexedNames(join(home, 'session_index.jsonl')))
    threads.set(id, { title, archivedAt: null, updatedAt: null, rest: {} });
  const path = stateDatabase(names);
  if (path === null) return { threads, edges };
  try {
    using database = new DatabaseSync(join(home, path), { readOnly: true });
    for (const row of rowsOf(database, 'threads')) {
      const id = textIn(row.id);
      if (id !== null) threads.set(id, recordOf(row, threads.get(id)));
    }
    for (const row of rowsOf(database, 'thread_spawn_edges')) {
      const [parent, child] = [textIn(row.parent_thread_id), textIn(row.child_thread_id)];
      if (parent !== null && child !== null) edges.set(child, { parent, status: textIn(row.status) });
    }
  } catch (error) {
    const reason = `titles and archivals are not known, because the database cannot be read: ${(error as Error).message}`;
    faults.push({ type: 'fault', path: join(home, path), line: null, reason });
  }
  return { threads, edges };
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

function recordOf(row: JsonObject, indexed: ThreadRecord | undefined): ThreadRecord {
  return {
    title: textIn(row.name) ?? indexed?.title ?? textIn(row.title),
    archivedAt: dateInSeconds(row.archived_at),
    updatedAt: dateIn(row.updated_at_ms) ?? dateInSeconds(row.updated_at),
    rest: without(row, KNOWN),
  };
}

async function indexedNames(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const entry = parseObject(line);
    const [id, name] = [textIn(entry?.id), textIn(entry?.thread_name)];
    // A later line replaces an earlier one.
    if (id !== null && name !== null) names.set(id, name);
  }
  return names;
}
