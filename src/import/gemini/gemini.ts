import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { JsonObject } from '../../model/json.ts';
import { LINK, otherEntry } from '../file-kinds.ts';
import {
  type Dropped,
  type Fault,
  type Format,
  LIVE_MS,
  type SourceSession,
  type SurveyOptions,
} from '../format.ts';
import { hashOf } from '../hash.ts';
import { readRegularFile } from '../regular-file.ts';
import { dateIn, objectIn, parseObject, textIn, withoutTexts } from '../source-json.ts';
import { isMissing, unreadable } from '../unreadable.ts';
import { readChat, readChatInfo, sizeAndTime } from './chat-file.ts';
import { chatItems } from './read-chat.ts';
import { callsIn } from './translate.ts';

/** What a chat says of itself, and has a field, if it is a text. */
const KNOWN = ['sessionId', 'startTime', 'summary'];
/** A file that names the directory of a project. */
const PROJECT_ROOT = '.project_root';
/** Files of a project that are counted by name, since that says what is in them. Others can have a name for each call of a tool. */
const NAMED = ['logs.json', 'shell_history'];

/** Gemini CLI: a file for each chat, in a folder for each project. */
export const gemini: Format = {
  name: 'gemini',
  title: 'Gemini CLI',

  defaultPlaces: (_env, home) => [join(home, '.gemini', 'tmp')],

  async recognises(path) {
    try {
      if ((await stat(path)).isFile())
        return isChatName(basename(path)) && isChatInfo((await readChatInfo(path)) ?? {});
      for await (const item of chatFiles(path, false)) if (item.type === 'chat') return true;
    } catch {
      // What cannot be read is not recognised.
    }
    return false;
  },

  survey,
};

interface ChatFile {
  readonly type: 'chat';
  readonly path: string;
  /** The folder of the project. */
  readonly folder: string;
  /** Chats of subagents are in a folder named for the session of their parent. */
  readonly parentId: string | null;
}

async function* survey(
  path: string,
  { onFile, now }: SurveyOptions,
): AsyncGenerator<SourceSession | Fault | Dropped> {
  const projects = new Map<string, string | null>();
  const calls = new Map<string, string>();
  const searched = new Set<string>();
  const chats: { file: ChatFile; info: JsonObject; bytes: number; mtimeMs: number }[] = [];
  for await (const file of chatFiles(path)) {
    if (file.type !== 'chat') {
      yield file;
      continue;
    }
    try {
      const { bytes, mtimeMs } = await sizeAndTime(file.path);
      const info = await readChatInfo(file.path);
      onFile(bytes);
      if (!info)
        yield { type: 'fault', path: file.path, line: null, reason: 'the file holds no JSON object' };
      else if (textIn(info.sessionId) === null) {
        const reason = 'the file does not begin with a sessionId';
        yield { type: 'fault', path: file.path, line: 1, reason };
      } else chats.push({ file, info, bytes, mtimeMs });
    } catch (error) {
      yield unreadable(file.path, error);
    }
  }
  const faults = new Map<string, Fault>();
  const parents = new Set(chats.map(({ file }) => file.parentId));
  for (const { file, info } of chats) {
    if (!projects.has(file.folder)) projects.set(file.folder, await projectOf(file.folder, faults));
    if (!parents.has(textIn(info.sessionId)) || searched.has(file.path)) continue;
    searched.add(file.path);
    for (const [agent, call] of await agentCalls(file.path)) calls.set(agent, call);
  }
  yield* faults.values();
  for (const chat of chats) {
    const { file, info, bytes, mtimeMs } = chat;
    const id = textIn(info.sessionId)!;
    const [directory] = Array.isArray(info.directories) ? info.directories : [];
    const { parentId, path: chatPath } = file;
    const isChild = parentId !== null && parentId !== id;
    const toolCallId = calls.get(id) ?? null;
    const project = projects.get(file.folder) ?? textIn(directory) ?? textIn(info.projectHash);
    yield {
      type: 'session',
      key: `gemini:${id}`,
      parent: isChild ? { key: `gemini:${parentId}`, toolCallId } : null,
      forkedFrom: null,
      described: {
        title: textIn(info.summary),
        agentName: textIn(info.agentName),
        project,
        userId: null,
        status: null,
        statusMessage: null,
        archivedAt: null,
        metadata: withoutTexts(info, KNOWN),
      },
      createdAt: dateIn(info.startTime),
      lastActiveAt: new Date(Math.floor(mtimeMs)),
      files: [{ path: chatPath, bytes }],
      // The call and the project are in other files, which can be cut until now.
      revision: `${bytes} ${mtimeMs} ${hashOf([toolCallId, project])}`,
      read: (from) => chatItems(chatPath, { from, isLive: now - mtimeMs < LIVE_MS, known: KNOWN }),
    };
  }
}

/** Other programs' files can have a sessionId, too. */
function isChatInfo({ sessionId, startTime }: JsonObject): boolean {
  return textIn(sessionId) !== null && textIn(startTime) !== null;
}

function isChatName(name: string): boolean {
  return /\.jsonl?$/.test(name) && !/^(?:checkpoint|logs|settings)\b/.test(name);
}

/**
 * The chats under `~/.gemini/tmp`, a project in there, its folder `chats`, or the chat itself. Links are not followed, but the first.
 * `withOthers`: also counts what is beneath other folders, which can be a whole disk where `path` is no place of Gemini CLI.
 */
async function* chatFiles(path: string, withOthers = true): AsyncGenerator<ChatFile | Fault | Dropped> {
  try {
    if (!(await stat(path)).isDirectory()) {
      const parent = dirname(path);
      const isChild = basename(parent) !== 'chats' && basename(dirname(parent)) === 'chats';
      const folder = dirname(isChild ? dirname(parent) : parent);
      yield { type: 'chat', path, folder, parentId: isChild ? basename(parent) : null };
      return;
    }
    if (basename(path) === 'chats') {
      yield* chatsIn(path, dirname(path), null);
      return;
    }
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isSymbolicLink()) yield LINK;
      else if (entry.isDirectory() && entry.name === 'chats') yield* chatsIn(join(path, 'chats'), path, null);
      else if (entry.isFile() && /^checkpoint-.*\.json$/.test(entry.name))
        // A copy of what a chat has.
        yield { type: 'dropped', kind: 'checkpoint' };
      else if (!entry.isDirectory()) {
        if (NAMED.includes(entry.name)) yield { type: 'dropped', kind: `file ${entry.name}` };
        else if (entry.name !== PROJECT_ROOT) yield* otherEntry(entry);
      } else {
        const project = join(path, entry.name);
        const names = await readdir(project).catch((error: unknown) => unreadable(project, error));
        if ('type' in names) yield names;
        else if (names.includes('chats')) yield* chatFiles(project, withOthers);
        else if (withOthers) yield* otherEntry(entry);
      }
    }
  } catch (error) {
    yield unreadable(path, error);
  }
}

async function* chatsIn(
  directory: string,
  folder: string,
  parentId: string | null,
): AsyncGenerator<ChatFile | Fault | Dropped> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isSymbolicLink()) yield LINK;
      else if (entry.isDirectory()) yield* chatsIn(path, folder, entry.name);
      else if (isChatName(entry.name)) yield { type: 'chat', path, folder, parentId };
      else yield* otherEntry(entry, 'chats');
    }
  } catch (error) {
    yield unreadable(directory, error);
  }
}

/** The directory of a project: newer versions note it; else the folder has its name, unless that is a hash. */
async function projectOf(folder: string, faults: Map<string, Fault>): Promise<string | null> {
  const textOf = (path: string) =>
    readRegularFile(path).catch((error: unknown) => {
      if (!isMissing(error)) faults.set(path, unreadable(path, error));
      return '';
    });
  const noted = await textOf(join(folder, PROJECT_ROOT));
  const name = basename(folder);
  const listed = await textOf(join(folder, '..', '..', 'projects.json'));
  const projects = Object.entries(objectIn(parseObject(listed)?.projects) ?? {});
  const directory = projects.find(([, named]) => named === name)?.[0];
  return textIn(noted.trim()) ?? directory ?? (/^[0-9a-f]{64}$/.test(name) ? null : name);
}

/** For each subagent that a chat called, the id of the call. */
async function agentCalls(path: string): Promise<Map<string, string>> {
  const calls = new Map<string, string>();
  for (const step of (await readChat(path)).steps) {
    const records = step.type === 'records' ? step.records : step.type === 'record' ? [step.record] : [];
    for (const call of records.flatMap(callsIn)) {
      const [agent, id] = [textIn(call.agentId), textIn(call.id)];
      if (agent !== null && id !== null) calls.set(agent, id);
    }
  }
  return calls;
}
