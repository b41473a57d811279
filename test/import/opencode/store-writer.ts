import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../../src/model/json.ts';

export const START = Date.parse('2026-03-01T10:00:00Z');

interface Message {
  readonly info: JsonObject & { id: string; time: { created: number } };
  readonly parts: (JsonObject & { id: string })[];
}

interface Session {
  readonly info: JsonObject & { id: string };
  readonly messages: Message[];
}

/** Makes sessions of opencode, and writes them in each of its forms. Everything is made up. */
export class OpencodeWriter {
  readonly sessions: Session[] = [];
  /** The time of the next thing, in milliseconds. */
  now = START;
  #count = 0;
  readonly #prefix: string;

  /** `prefix` begins the ids of messages and parts. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  session(id: string, info: JsonObject = {}): this {
    const time = { created: this.#next(), updated: this.now };
    this.sessions.push({
      info: {
        id,
        projectID: 'p1',
        directory: '/home/eve/lab',
        title: `Title of ${id}`,
        version: '1.2.0',
        time,
        ...info,
      },
      messages: [],
    });
    return this;
  }

  user(text: string, more: JsonObject[] = []): this {
    return this.message({ role: 'user', agent: 'build', model: { providerID: 'p', modelID: 'model-a' } }, [
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...more,
    ]);
  }

  /** A response of one step, which cost `input` tokens beside 800 cached ones. */
  say(
    text: string,
    { input = 10, parts = [], info = {} }: { input?: number; parts?: JsonObject[]; info?: JsonObject } = {},
  ): this {
    const tokens = { input, output: 30, reasoning: 20, cache: { read: 800, write: 5 } };
    const message = {
      role: 'assistant',
      agent: 'build',
      mode: 'build',
      modelID: 'model-a',
      providerID: 'p',
      cost: 0.01,
      tokens,
      finish: 'stop',
      ...info,
    };
    return this.message(message, [
      { type: 'step-start', snapshot: 'abc' },
      { type: 'reasoning', text: `Thinking of ${text}` },
      ...parts,
      ...(text === '' ? [] : [{ type: 'text', text }]),
      { type: 'step-finish', reason: 'stop', cost: 0.01, tokens },
    ]);
  }

  message(info: JsonObject, parts: JsonObject[]): this {
    const created = this.#next();
    const time = { created, ...(info.role === 'assistant' && { completed: created + 500 }) };
    const named = parts.map((part) => ({ ...part, id: this.#id('prt') }));
    this.last.messages.push({
      info: { id: this.#id('msg'), time, ...info } as Message['info'],
      parts: named,
    });
    return this;
  }

  /** Begins a session with the first messages of another: new ids, old times. */
  fork(id: string, count: number, info: JsonObject = {}): this {
    const origin = this.last;
    this.session(id, info);
    for (const message of origin.messages.slice(0, count)) {
      const parts = message.parts.map((part) => ({ ...part, id: this.#id('prt') }));
      this.last.messages.push({ info: { ...message.info, id: this.#id('msg') }, parts });
    }
    return this;
  }

  get last(): Session {
    return this.sessions.at(-1)!;
  }

  /** The files of versions before 1.2. */
  files(): Record<string, string> {
    const files: Record<string, string> = {};
    for (const { info, messages } of this.sessions) {
      files[`storage/session/p1/${info.id}.json`] = JSON.stringify(info);
      files[`storage/message/${info.id}/.keep`] = '';
      for (const { info: message, parts } of messages) {
        files[`storage/message/${info.id}/${message.id}.json`] = JSON.stringify(message);
        for (const part of parts) files[`storage/part/${message.id}/${part.id}.json`] = JSON.stringify(part);
      }
    }
    return files;
  }

  /** What `opencode export` prints of the latest session. */
  get exported(): string {
    return JSON.stringify(this.last);
  }

  /** Writes `opencode.db`, anew. */
  writeDatabase(folder: string, { pageBytes = 4_096 } = {}): void {
    using database = new DatabaseSync(join(folder, 'opencode.db'));
    // Without syncs: whether the disk has it is not what tests are about.
    database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA synchronous = OFF; BEGIN; DROP TABLE IF EXISTS session; DROP TABLE IF EXISTS message; DROP TABLE IF EXISTS part;
      CREATE TABLE session (id TEXT, project_id TEXT, parent_id TEXT, directory TEXT, title TEXT, version TEXT, agent TEXT,
        revert TEXT, permission TEXT, time_created INTEGER, time_updated INTEGER, time_archived INTEGER);
      CREATE TABLE message (id TEXT, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT);
      CREATE TABLE part (id TEXT, message_id TEXT, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT);`);
    const session = database.prepare('INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const message = database.prepare('INSERT INTO message VALUES (?, ?, ?, ?, ?)');
    const part = database.prepare('INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)');
    for (const { info, messages } of this.sessions) {
      const {
        created,
        updated,
        archived = null,
      } = info.time as { created: number; updated: number; archived?: number };
      const text = (name: string) => (info[name] as string | undefined) ?? null;
      const revert = info.revert === undefined ? null : JSON.stringify(info.revert);
      session.run(
        info.id,
        'p1',
        text('parentID'),
        text('directory'),
        text('title'),
        text('version'),
        text('agent'),
        revert,
        null,
        created,
        updated,
        archived,
      );
      for (const { info: data, parts } of messages) {
        const { id, ...rest } = data;
        message.run(id, info.id, data.time.created, data.time.created, JSON.stringify(rest));
        for (const { id: partId, ...body } of parts)
          part.run(partId, id, info.id, data.time.created, data.time.created, JSON.stringify(body));
      }
    }
    database.exec('COMMIT');
  }

  #next(): number {
    this.now += 1000;
    return this.now;
  }

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${this.#prefix}${String(this.#count).padStart(6, '0')}`;
  }
}

export function tool(callID: string, name: string, state: JsonObject): JsonObject {
  return { type: 'tool', callID, tool: name, state };
}
