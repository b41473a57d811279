import type { JsonObject } from '../model/json.ts';
import type { NewMessage } from '../model/message.ts';
import { checkFile, type FileRules } from './file-rules.ts';
import { entryMetadata, sessionMetadata } from './kept.ts';
import { readJsonFile, shown } from './read-json.ts';
import type { FileTime } from './time.ts';

/** A file of the Python module, read and checked. */
export interface SessionFile {
  readonly id: string;
  /** As the file says, whether or not there is such a session. */
  readonly parentId: string | null;
  readonly userId: string | null;
  readonly createdAt: FileTime;
  readonly lastActiveAt: FileTime;
  readonly messages: readonly NewMessage[];
  /** All that the file said, by the names it used. */
  readonly content: JsonObject;
  /** Its size. */
  readonly bytes: number;
  /** Some time in it has no offset, and was read as local time. */
  readonly naive: boolean;
  /** What the person who imports it should know, though it comes in. */
  readonly notes: readonly string[];
}

/** Reads and checks the file at `path`. A FileFault says why it cannot come in. */
export async function readSessionFile(path: string, rules: FileRules): Promise<SessionFile> {
  const { object, bytes, longNumbers } = await readJsonFile(path);
  const file = checkFile(rules.file, object);
  sessionMetadata(object, {}, rules);
  const history = file.history ?? [];
  const messages = history.map(
    (entry, position): NewMessage => ({
      role: entry.role,
      content: entry.content,
      createdAt: entry.timestamp.date,
      metadata: entryMetadata((object.history as JsonObject[])[position]!, position, rules),
    }),
  );
  const times = [file.created_at, file.last_active, ...history.map((entry) => entry.timestamp)];
  return {
    id: file.session_id,
    // The Python module takes an empty parent for none.
    parentId: file.parent_session_id || null,
    userId: file.user_id ?? null,
    createdAt: file.created_at,
    lastActiveAt: file.last_active ?? file.created_at,
    messages,
    content: object,
    bytes,
    naive: times.some((time) => time?.naive),
    notes: [
      ...(file.history ? [] : ['it has no history: it came in with an empty one']),
      ...(file.last_active ? [] : ['it has no last_active: created_at counts']),
      ...countNote(object.message_count, messages),
      ...longNumbers.map((number) => `${number} is beyond what a JSON number keeps: it came in as text`),
    ],
  };
}

function countNote(said: unknown, messages: readonly NewMessage[]): string[] {
  const count = messages.filter((message) => message.role === 'USER').length;
  if (said === undefined || said === count) return [];
  return [
    `message_count is ${shown(said)}: its history has ${count} user message${count === 1 ? '' : 's'}, and that counts`,
  ];
}
