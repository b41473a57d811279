import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { Fault } from '../format.ts';
import { hashOf } from '../hash.ts';
import { countIn, jsonOrText, numberIn, objectIn, parseObject, textIn, without } from '../source-json.ts';
import {
  fault,
  type MessageTime,
  type OpencodeMessage,
  type OpencodeSession,
  type OpencodeStore,
} from './store.ts';

/** Columns that have a field. The sums of tokens and cost are those of the messages, and count the copies of a fork. */
const KNOWN = [
  ...['id', 'parent_id', 'title', 'directory', 'agent', 'time_created', 'time_updated', 'time_archived'],
  ...['cost', 'tokens_input', 'tokens_output', 'tokens_reasoning', 'tokens_cache_read', 'tokens_cache_write'],
];
/** Columns with JSON. */
const JSON_COLUMNS = ['summary_diffs', 'metadata', 'revert', 'permission', 'model'];

/** `opencode.db`, since 1.2. */
export class DatabaseStore implements OpencodeStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async *sessions(): AsyncGenerator<OpencodeSession | Fault> {
    using database = openDatabase(this.#path);
    const todos = todosOf(database);
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
      const todo = todos.get(id);
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
        rest: { ...without(row, KNOWN), ...(todo && { todo }) },
        path: this.#path,
        bytes: Number(`${part_state}`.split(' ')[2]),
        // The to-do list changes without the times of the session.
        revision: hashOf([row, todo ?? null, states]),
      };
    }
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
    const messages = database.prepare(
      'SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id',
    );
    const parts = database.prepare('SELECT id, data FROM part WHERE message_id = ? ORDER BY id');
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

function objectOf(row: Record<string, unknown>): JsonObject | null {
  const object = typeof row.data === 'string' ? parseObject(row.data) : null;
  return object && { ...object, id: String(row.id) };
}

/** The to-do lists, by session. */
function todosOf(database: DatabaseSync): ReadonlyMap<string, JsonValue[]> {
  const todos = new Map<string, JsonValue[]>();
  if (!database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'todo'").get())
    return todos;
  const rows = database.prepare('SELECT * FROM todo');
  rows.setReadBigInts(true);
  for (const row of rows.all().map(valuesOf)) {
    const id = textIn(row.session_id);
    if (id === null) continue;
    const list = todos.get(id) ?? [];
    list.push(without(row, ['session_id']));
    todos.set(id, list);
  }
  return todos;
}
