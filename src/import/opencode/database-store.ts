import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { countedRows, otherTables } from '../file-kinds.ts';
import type { Dropped, Fault } from '../format.ts';
import { hashOf } from '../hash.ts';
import { countIn, jsonOrText, numberIn, objectIn, parseObject, textIn, without } from '../source-json.ts';
import { type DescribedProject, describedProject, PROJECT_ICON, revisedProject } from './project.ts';
import {
  fault,
  type MessageTime,
  type OpencodeMessage,
  type OpencodeSession,
  type OpencodeStore,
} from './store.ts';

/** Columns that have a field. */
const KNOWN = ['id', 'parent_id', 'title', 'directory', 'agent', 'time_created', 'time_archived'];
const MESSAGES = ['session', 'message', 'part'];
/** Tables of which rows are about a session: their rows, by the name of the table, go to its metadata. */
const BESIDE = ['todo', 'session_share'];
/** Columns of messages and parts with a place of their own. */
const PLACED = ['id', 'data', 'session_id', 'message_id'];
/** Columns with JSON. */
const JSON_COLUMNS = ['summary_diffs', 'metadata', 'revert', 'permission', 'model'];

/** `opencode.db`, since 1.2. */
export class DatabaseStore implements OpencodeStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async *sessions(): AsyncGenerator<OpencodeSession | Fault | Dropped> {
    using database = openDatabase(this.#path);
    const beside = BESIDE.map((table) => ({ table, rows: rowsBySession(database, table) }));
    const projects = projectsOf(database);
    for (const { icons } of projects.values())
      if (icons > 0) yield { type: 'dropped', kind: PROJECT_ICON, count: icons };
    const rows = database.prepare(
      `SELECT session.*,
         (SELECT count(*) || ' ' || coalesce(max(time_updated), 0) || ' ' || coalesce(sum(length(data)), 0)
            FROM message WHERE session_id = session.id) AS message_state,
         (SELECT count(*) || ' ' || coalesce(max(time_updated), 0) || ' ' || coalesce(sum(length(data)), 0)
            FROM part WHERE session_id = session.id) AS part_state
       FROM session ORDER BY time_created, id`,
    );
    rows.setReadBigInts(true);
    for (const found of rows.iterate()) {
      const { message_state, part_state, ...row } = valuesOf(found);
      const id = textIn(row.id);
      if (id === null) {
        yield fault(this.#path, 'a session has no id');
        continue;
      }
      for (const name of JSON_COLUMNS) {
        const text = textIn(row[name]);
        if (text !== null) row[name] = jsonOrText(text);
      }
      const added: JsonObject = {};
      for (const { table, rows } of beside) if (rows.has(id)) added[table] = rows.get(id)!;
      const project = projects.get(textIn(row.project_id) ?? '')?.project;
      const states = `${message_state} ${part_state}`;
      yield {
        id,
        parentId: textIn(row.parent_id),
        title: textIn(row.title),
        directory: textIn(row.directory),
        agent: textIn(row.agent),
        createdMs: numberIn(row.time_created),
        updatedMs: numberIn(row.time_updated),
        archivedMs: numberIn(row.time_archived),
        revert: objectIn(row.revert),
        rest: { ...without(row, KNOWN), ...(project && { project }), ...added },
        path: this.#path,
        bytes: Number(`${part_state}`.split(' ')[2]),
        // The to-do list and the project change without the times of the session.
        revision: hashOf([row, added, states, revisedProject(project)]),
      };
    }
    const known = [...MESSAGES, ...BESIDE, 'project'];
    yield* otherTables(this.#path, tablesOf(database), known, (table) =>
      countOf(database, `"${table.replaceAll('"', '""')}"`),
    );
    yield* orphans(database, this.#path);
  }

  async timesOf(sessionId: string, limit: number): Promise<MessageTime[]> {
    using database = openDatabase(this.#path);
    return database
      .prepare(
        `SELECT coalesce(json_extract(data, '$.role'), '') AS role,
           CAST(coalesce(json_extract(data, '$.time.created'), time_created) AS REAL) AS created
         FROM message WHERE session_id = ? AND json_valid(data) AND json_type(data) = 'object' ORDER BY time_created, id LIMIT ?`,
      )
      .all(sessionId, limit)
      .map(({ role, created }) => ({ role: String(role), createdMs: countIn(created) }));
  }

  async spawningCallsOf(sessionId: string): Promise<Map<string, string>> {
    using database = openDatabase(this.#path);
    const calls = database
      .prepare(
        `SELECT json_extract(data, '$.state.metadata.sessionId') AS child, json_extract(data, '$.callID') AS call
         FROM part WHERE session_id = ? AND json_valid(data) AND json_extract(data, '$.type') = 'tool'
           AND json_extract(data, '$.state.metadata.sessionId') IS NOT NULL ORDER BY id`,
      )
      .all(sessionId);
    const found = new Map<string, string>();
    for (const { child, call } of calls)
      if (typeof child === 'string' && typeof call === 'string' && !found.has(child)) found.set(child, call);
    return found;
  }

  async *messages(sessionId: string): AsyncGenerator<OpencodeMessage | Fault> {
    using database = openDatabase(this.#path);
    const messages = database.prepare('SELECT * FROM message WHERE session_id = ? ORDER BY time_created, id');
    const parts = database.prepare('SELECT * FROM part WHERE message_id = ? ORDER BY id');
    for (const row of messages.iterate(sessionId)) {
      const info = objectOf(row);
      if (!info) {
        yield fault(this.#path, `the data of the message ${row.id} is no JSON object`);
        continue;
      }
      const found: JsonObject[] = [];
      for (const partRow of parts.iterate(row.id as string)) {
        const part = objectOf(partRow);
        if (part) found.push(part);
        else yield fault(this.#path, `the data of the part ${partRow.id} is no JSON object`);
      }
      yield { info, parts: found, path: this.#path };
    }
  }
}

/**
 * True if the database has the tables of opencode. `otherwise`: whether to say so as well of a database that cannot be read, which `sessions`
 * then rejects. Does not throw.
 */
export function isOpencodeDatabase(path: string, otherwise: boolean): boolean {
  try {
    using database = openDatabase(path);
    const tables = database.prepare(
      "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name IN ('session', 'message', 'part')",
    );
    return tables.get()?.found === 3;
  } catch {
    return otherwise;
  }
}

function openDatabase(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
}

/** The columns of a row as JSON: integers can be larger than a number holds exactly. */
function valuesOf(row: Record<string, SQLOutputValue>): JsonObject {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : value instanceof Uint8Array ? null : value,
    ]),
  );
}

/** The data of a row, with its other columns: those of a message that its data has, too, are left out. */
function objectOf(row: Record<string, SQLOutputValue>): JsonObject | null {
  const object = typeof row.data === 'string' ? parseObject(row.data) : null;
  if (!object) return null;
  const isTold = row.time_created === objectIn(object.time)?.created;
  const columns = without(valuesOf(row), isTold ? [...PLACED, 'time_created'] : PLACED);
  return { ...columns, ...object, id: String(row.id) };
}

/** The rows of a table, by session; none if there is no such table. */
function rowsBySession(database: DatabaseSync, table: string): ReadonlyMap<string, JsonValue[]> {
  const found = new Map<string, JsonValue[]>();
  for (const row of rowsOf(database, table)) {
    const id = textIn(row.session_id);
    if (id === null) continue;
    const list = found.get(id) ?? [];
    list.push(without(row, ['session_id']));
    found.set(id, list);
  }
  return found;
}

function projectsOf(database: DatabaseSync): ReadonlyMap<string, DescribedProject> {
  return new Map(rowsOf(database, 'project').map((row) => [String(row.id), describedProject(row)]));
}

function rowsOf(database: DatabaseSync, table: string): JsonObject[] {
  if (!tablesOf(database).includes(table)) return [];
  const rows = database.prepare(`SELECT * FROM ${table}`);
  rows.setReadBigInts(true);
  return rows.all().map(valuesOf);
}

/** What is left of deleted sessions and messages, and projects without one. */
function* orphans(database: DatabaseSync, path: string): Generator<Dropped | Fault> {
  const tables = tablesOf(database);
  for (const [table, column, owners, owner] of [
    ['message', 'session_id', 'session', 'id'],
    ['part', 'message_id', 'message', 'id'],
    ...BESIDE.map((table) => [table, 'session_id', 'session', 'id'] as const),
    ['project', 'id', 'session', 'project_id'],
  ] as const) {
    if (!tables.includes(table)) continue;
    const owned = `SELECT ${owner} FROM ${owners} WHERE ${owner} IS NOT NULL`;
    const orphans = `${table} WHERE coalesce(${column}, '') NOT IN (${owned})`;
    yield* countedRows(path, `${table} without a ${owners}`, () => countOf(database, orphans));
  }
}

/** The number of rows `from` a table, which can have a condition. */
function countOf(database: DatabaseSync, from: string): number {
  return Number(database.prepare(`SELECT count(*) AS found FROM ${from}`).get()?.found ?? 0);
}

function tablesOf(database: DatabaseSync): string[] {
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  return rows.map(({ name }) => String(name));
}
