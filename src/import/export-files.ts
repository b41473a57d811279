import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../model/json.ts';
import { otherEntry, otherFiles } from './file-kinds.ts';
import type { Dropped, Fault } from './format.ts';
import { ELEMENT_BYTES_MAX, jsonElements, readElement } from './json-elements.ts';
import { openRegularFile } from './regular-file.ts';
import { NO_UTF8, parseObject } from './source-json.ts';
import { unreadable } from './unreadable.ts';

/** A conversation in an export: a file with a list of them. */
export interface Conversation {
  readonly conversation: JsonObject;
  readonly path: string;
  readonly bytes: number;
  /** A hash of the conversation. */
  readonly revision: string;
  /** Reads the conversation again, so that not all need be held. Null: the file is another one by now. */
  again(): Promise<JsonObject | null>;
}

/** The files of conversations at `path`: `conversations.json`, or, since 2026, `conversations-000.json` and on; or the file itself. */
async function conversationFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /^conversations(?:-\d+)?\.json$/.test(name));
  return names.sort().map((name) => join(path, name));
}

const HEAD_BYTES = 256 * 1024;
/** Of exports that have one, a conversation begins with some short members. */
const LISTS_OF_MESSAGES = /"(mapping|chat_messages)"\s*:/;
const ZIP_SIGNATURE = 'PK\u0003\u0004';

/** Whether the conversations in the first file have their messages in a member of this name. Looks at the beginning. Does not reject. */
export async function hasMessagesIn(path: string, name: 'mapping' | 'chat_messages'): Promise<boolean> {
  const [first = null] = await conversationFiles(path).catch(() => []);
  const head = first === null ? '' : await headOf(first);
  return /^\uFEFF?\s*\[/.test(head) && LISTS_OF_MESSAGES.exec(head)?.[1] === name;
}

/** Whether `path` is a zip archive, as which exports come. Does not reject. */
export async function isZip(path: string): Promise<boolean> {
  return (await headOf(path)).startsWith(ZIP_SIGNATURE);
}

/** The beginning of a file; empty if it cannot be read. */
async function headOf(path: string): Promise<string> {
  try {
    await using file = await openRegularFile(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}

/** The conversations of an export. */
export async function* conversations(
  path: string,
  onFile: (bytes: number) => void,
): AsyncGenerator<Conversation | Fault | Dropped> {
  try {
    const files = await conversationFiles(path);
    if (files.length === 0) yield faultOf(path, 'expected a file conversations.json, got none');
    for (const file of files) yield* conversationsIn(file, onFile);
    if ((await stat(path)).isDirectory()) yield* besideConversations(path, files);
  } catch (error) {
    yield unreadable(path, error);
  }
}

/** Files of an export that are counted by name, since that says what is in them. */
const NAMED = [
  'chat.html',
  'export_manifest.json',
  'group_chats.json',
  'memories.json',
  'message_feedback.json',
  'model_comparisons.json',
  'projects.json',
  'shared_conversations.json',
  'shopping.json',
  'sora.json',
  'user.json',
  'user_settings.json',
  'users.json',
];

/** What else is in an export: the account, images, and so on. */
async function* besideConversations(directory: string, files: readonly string[]): AsyncGenerator<Dropped> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (files.includes(join(directory, entry.name))) continue;
    // The folders have ids as names.
    if (entry.isDirectory()) yield* otherFiles(join(directory, entry.name), null);
    else if (NAMED.includes(entry.name)) yield { type: 'dropped', kind: `file ${entry.name}` };
    else yield* otherEntry(entry);
  }
}

async function* conversationsIn(
  path: string,
  onFile: (bytes: number) => void,
): AsyncGenerator<Conversation | Fault | Dropped> {
  try {
    for await (const { bytes, ...place } of jsonElements(path)) {
      const conversation = bytes && parseObject(bytes.toString());
      if (conversation) {
        if (!isUtf8(bytes)) yield { type: 'dropped', kind: NO_UTF8 };
        const revision = hashOf(bytes);
        yield {
          conversation,
          path,
          bytes: place.length,
          revision,
          again: async () => {
            const now = await readElement(path, place);
            return hashOf(now) === revision ? parseObject(now.toString()) : null;
          },
        };
      } else yield faultOf(path, `the conversation at byte ${place.offset} ${faultIn(bytes, place.length)}`);
    }
    onFile((await stat(path)).size);
  } catch (error) {
    if (!(error instanceof SyntaxError)) yield unreadable(path, error);
    else if (await isZip(path)) yield faultOf(path, 'the export is a zip archive: unpack it first');
    else yield faultOf(path, `no list of conversations: ${error.message}`);
  }
}

function faultIn(bytes: Buffer | null, length: number): string {
  if (bytes) return 'is no JSON object';
  return length > ELEMENT_BYTES_MAX
    ? `is too large: expected at most ${ELEMENT_BYTES_MAX} bytes, got ${length}`
    : 'is cut';
}

/** What a conversation that `again` does not find is reported as. */
export function changedMeanwhile(path: string): Fault {
  return faultOf(path, 'the file was changed while it was imported: import it again');
}

function faultOf(path: string, reason: string): Fault {
  return { type: 'fault', path, line: null, reason };
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
