import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { otherEntry } from '../file-kinds.ts';
import type { Dropped, Fault } from '../format.ts';
import { readRegularFile } from '../regular-file.ts';
import { countIn, objectIn, textIn, without } from '../source-json.ts';
import { isMissing, unreadable } from '../unreadable.ts';
import { sessionFromInfo } from './session-info.ts';
import {
  fault,
  isFault,
  type MessageTime,
  type OpencodeMessage,
  type OpencodeSession,
  type OpencodeStore,
  readObject,
} from './store.ts';

/** Folders with a file about a session. Most sessions have none. */
const BESIDE = ['todo', 'session_diff', 'session_share'];
/** Others are counted; `migration` only has a number. */
const READ = ['session', 'message', 'part', 'project', 'migration', ...BESIDE];

/** A part changes in place as long as its tool runs: only those of the latest messages are looked at for changes. */
const CHANGING_MESSAGES = 2;

/** The directory `storage`, before 1.2: a file of JSON for each session, message and part, which is named for its id. */
export class FileStore implements OpencodeStore {
  readonly #storage: string;

  constructor(storage: string) {
    this.#storage = storage;
  }

  async *sessions(): AsyncGenerator<OpencodeSession | Fault | Dropped> {
    const root = join(this.#storage, 'session');
    const projects = new Map<string, JsonObject>();
    const ids = new Set<string>();
    const infos = await jsonFilesIn(join(this.#storage, 'project'));
    if (isFault(infos)) yield infos;
    for (const path of listed(infos)) {
      const info = await readObject(path);
      if (isFault(info)) yield info;
      else projects.set(basename(path, '.json'), without(info, []));
    }
    const names = await namesIn(root);
    if (isFault(names)) yield names;
    for (const project of listed(names)) {
      const paths = await jsonFilesIn(join(root, project));
      if (isFault(paths)) yield paths;
      for (const path of listed(paths)) {
        const info = await readObject(path);
        if (isFault(info)) {
          yield info;
          continue;
        }
        const id = basename(path, '.json');
        ids.add(id);
        const added: Record<string, JsonValue> = {};
        const described = projects.get(textIn(info.projectID) ?? project);
        if (described) added.project = described;
        for (const { name, path: beside } of this.#beside(id)) {
          const read = await readValue(beside);
          if (read && isFault(read)) yield read;
          else if (read && !isEmpty(read.value)) added[name] = read.value;
        }
        const { revision, bytes } = await this.#stateOf(path, id);
        yield sessionFromInfo({ ...info, id }, added, { path, bytes, revision })!;
      }
    }
    yield* this.#others(ids);
  }

  /** Files of other folders, and what is left of deleted sessions. */
  async *#others(ids: ReadonlySet<string>): AsyncGenerator<Dropped> {
    const folders = await readdir(this.#storage, { withFileTypes: true });
    for (const entry of folders)
      if (!READ.includes(entry.name)) yield* otherEntry(entry, entry.isDirectory() ? entry.name : null);
    for (const folder of ['message', ...BESIDE])
      for (const name of listed(await namesIn(join(this.#storage, folder))))
        if (!ids.has(basename(name, '.json')) && name.endsWith(folder === 'message' ? '' : '.json'))
          yield { type: 'dropped', kind: `${folder} without a session` };
  }

  async timesOf(sessionId: string, limit: number): Promise<MessageTime[]> {
    const times: MessageTime[] = [];
    for (const path of listed(await this.#messageFiles(sessionId)).slice(0, limit)) {
      const info = await readObject(path);
      if (isFault(info)) continue;
      times.push({ role: textIn(info.role) ?? '', createdMs: countIn(objectIn(info.time)?.created) });
    }
    return times;
  }

  async spawningCallsOf(sessionId: string): Promise<Map<string, string>> {
    const calls = new Map<string, string>();
    for await (const message of this.messages(sessionId)) {
      if (isFault(message)) continue;
      for (const part of message.parts) {
        const child = textIn(objectIn(objectIn(part.state)?.metadata)?.sessionId);
        const call = textIn(part.callID);
        if (child !== null && call !== null && !calls.has(child)) calls.set(child, call);
      }
    }
    return calls;
  }

  async *messages(sessionId: string): AsyncGenerator<OpencodeMessage | Fault> {
    const paths = await this.#messageFiles(sessionId);
    if (isFault(paths)) yield paths;
    for (const path of listed(paths)) {
      const info = await readObject(path);
      if (isFault(info)) {
        yield info;
        continue;
      }
      const id = basename(path, '.json');
      const parts: JsonObject[] = [];
      const files = await jsonFilesIn(this.#partsOf(id));
      if (isFault(files)) yield files;
      for (const file of listed(files)) {
        const part = await readObject(file);
        if (isFault(part)) yield part;
        else parts.push({ ...part, id: basename(file, '.json') });
      }
      yield { info: { ...info, id }, parts, path };
    }
  }

  /** Names are ids, and ids are in the order of their making. */
  #messageFiles(sessionId: string): Promise<readonly string[] | Fault> {
    return jsonFilesIn(join(this.#storage, 'message', sessionId));
  }

  #partsOf(messageId: string): string {
    return join(this.#storage, 'part', messageId);
  }

  /** Files in other folders about the session. */
  #beside(id: string): { name: string; path: string }[] {
    return BESIDE.map((name) => ({
      name,
      path: join(this.#storage, name, `${id}.json`),
    }));
  }

  async #stateOf(path: string, id: string): Promise<{ revision: string; bytes: number }> {
    const messages = listed(await this.#messageFiles(id));
    let [files, bytes, latest] = [0, 0, 0];
    const look = async (file: string) => {
      const found = await stat(file).catch(() => null);
      if (!found) return;
      files += 1;
      latest = Math.max(latest, found.mtimeMs);
      if (found.isFile()) bytes += found.size;
    };
    await look(path);
    for (const beside of this.#beside(id)) await look(beside.path);
    for (const [n, file] of messages.entries()) {
      await look(file);
      const parts = this.#partsOf(basename(file, '.json'));
      await look(parts);
      if (n >= messages.length - CHANGING_MESSAGES)
        for (const part of listed(await jsonFilesIn(parts))) await look(part);
    }
    return { revision: `${files} ${bytes} ${latest}`, bytes };
  }
}

/** None where there is no such directory. */
async function namesIn(directory: string): Promise<readonly string[] | Fault> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    return isMissing(error) ? [] : unreadable(directory, error);
  }
}

async function jsonFilesIn(directory: string): Promise<readonly string[] | Fault> {
  const names = await namesIn(directory);
  if (isFault(names)) return names;
  return names.filter((name) => name.endsWith('.json')).map((name) => join(directory, name));
}

/** Where a fault is told elsewhere: nothing. */
function listed(names: readonly string[] | Fault): readonly string[] {
  return isFault(names) ? [] : names;
}

function isEmpty(value: JsonValue): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** The value in a file of JSON, or what is wrong with the file; null if there is none. */
async function readValue(path: string): Promise<{ readonly value: JsonValue } | Fault | null> {
  try {
    return { value: JSON.parse(await readRegularFile(path)) as JsonValue };
  } catch (error) {
    if (error instanceof SyntaxError) return fault(path, 'the file holds no JSON');
    return isMissing(error) ? null : unreadable(path, error);
  }
}
