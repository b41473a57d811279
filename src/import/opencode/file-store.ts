import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { otherEntry } from '../file-kinds.ts';
import type { Dropped, Fault } from '../format.ts';
import { hashOf } from '../hash.ts';
import { readRegularFile } from '../regular-file.ts';
import { countIn, objectIn, textIn } from '../source-json.ts';
import { isMissing, unreadable } from '../unreadable.ts';
import { type DescribedProject, describedProject, PROJECT_ICON, revisedProject } from './project.ts';
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
    const entries = await entriesOf(this.#storage);
    if (isFault(entries)) {
      yield entries;
      return;
    }
    const root = join(this.#storage, 'session');
    const ids = new Set<string>();
    const messages = new Set<string>();
    let areAllListed = true;
    const used = new Set<string>();
    const projects = await this.#projects();
    for (const found of isFault(projects) ? [projects] : projects.values()) {
      if (isFault(found)) yield found;
      else if (found.icons > 0) yield { type: 'dropped', kind: PROJECT_ICON, count: found.icons };
    }
    const names = await namesIn(root);
    if (isFault(names)) yield names;
    for (const project of listed(names)) {
      const paths = await jsonFilesIn(join(root, project));
      if (isFault(paths)) yield paths;
      for (const path of listed(paths)) {
        const id = basename(path, '.json');
        ids.add(id);
        const files = await this.#messageFiles(id);
        if (isFault(files)) areAllListed = false;
        for (const file of listed(files)) messages.add(basename(file, '.json'));
        const info = await readObject(path);
        if (isFault(info)) {
          yield info;
          continue;
        }
        const { added, faults } = await this.#readBeside(id);
        yield* faults;
        const projectId = textIn(info.projectID) ?? project;
        used.add(projectId);
        const described = isFault(projects) ? projects : projects.get(projectId);
        if (described && !isFault(described)) added.project = described.project;
        const isDamaged = faults.length > 0 || (described !== undefined && isFault(described));
        const { revision: state, bytes } = await this.#stateOf(path, id, listed(files));
        const revision = hashOf([state, revisedProject(objectIn(added.project))]);
        yield sessionFromInfo({ ...info, id }, added, { path, bytes, revision, isDamaged })!;
      }
    }
    const unused = isFault(projects) ? 0 : [...projects.keys()].filter((id) => !used.has(id)).length;
    if (unused > 0) yield { type: 'dropped', kind: 'project without a session', count: unused };
    for (const entry of entries)
      if (!READ.includes(entry.name)) yield* otherEntry(entry, entry.isDirectory() ? entry.name : null);
    yield* this.#orphans(ids, areAllListed ? messages : null);
  }

  /** By their ids. Instead of one, or of all: what is wrong with the file, or with the folder. */
  async #projects(): Promise<Map<string, DescribedProject | Fault> | Fault> {
    const paths = await jsonFilesIn(join(this.#storage, 'project'));
    if (isFault(paths)) return paths;
    const projects = new Map<string, DescribedProject | Fault>();
    for (const path of paths) {
      const info = await readObject(path);
      projects.set(basename(path, '.json'), isFault(info) ? info : describedProject(info));
    }
    return projects;
  }

  /** What is left of deleted sessions and messages. `messages`: the ids of those of `ids`; null if they are not all known. */
  async *#orphans(ids: ReadonlySet<string>, messages: Set<string> | null): AsyncGenerator<Dropped> {
    for (const name of listed(await namesIn(join(this.#storage, 'message')))) {
      if (ids.has(name)) continue;
      yield { type: 'dropped', kind: 'message without a session' };
      for (const path of listed(await this.#messageFiles(name))) messages?.add(basename(path, '.json'));
    }
    for (const name of listed(await namesIn(join(this.#storage, 'part'))))
      if (messages && !messages.has(name)) yield { type: 'dropped', kind: 'part without a message' };
    for (const folder of BESIDE)
      for (const entry of listed(await entriesOf(join(this.#storage, folder))))
        if (!entry.name.endsWith('.json')) yield* otherEntry(entry, folder);
        else if (!ids.has(basename(entry.name, '.json')))
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

  /** What those files say, by the names of their folders. */
  async #readBeside(id: string): Promise<{ added: Record<string, JsonValue>; faults: Fault[] }> {
    const added: Record<string, JsonValue> = {};
    const faults: Fault[] = [];
    for (const { name, path } of this.#beside(id)) {
      const read = await readValue(path);
      if (read && isFault(read)) faults.push(read);
      else if (read && !isEmpty(read.value)) added[name] = read.value;
    }
    return { added, faults };
  }

  async #stateOf(
    path: string,
    id: string,
    messages: readonly string[],
  ): Promise<{ revision: string; bytes: number }> {
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
async function entriesOf(directory: string): Promise<readonly Dirent[] | Fault> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    return isMissing(error) ? [] : unreadable(directory, error);
  }
}

async function namesIn(directory: string): Promise<readonly string[] | Fault> {
  const entries = await entriesOf(directory);
  return isFault(entries) ? entries : entries.map(({ name }) => name).sort();
}

async function jsonFilesIn(directory: string): Promise<readonly string[] | Fault> {
  const names = await namesIn(directory);
  if (isFault(names)) return names;
  return names.filter((name) => name.endsWith('.json')).map((name) => join(directory, name));
}

/** Where a fault is told elsewhere: nothing. */
function listed<Item>(found: readonly Item[] | Fault): readonly Item[] {
  return isFault(found) ? [] : found;
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
