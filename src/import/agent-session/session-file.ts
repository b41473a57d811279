import type { PathLike } from 'node:fs';
import type { JsonObject } from '../../model/json.ts';
import type { NewMessage } from '../../model/message.ts';
import { checkFile, type FileRules } from './file-rules.ts';
import { readJsonFile, shown } from './read-json.ts';
import type { FileTime } from './time.ts';
import { entryMetadata, sessionMetadata } from './unknown-fields.ts';

/** A file of the Python module, read and checked. */
export interface SessionFile {
  readonly id: string;
  /** As in the file. The session may not exist. */
  readonly parentId: string | null;
  readonly userId: string | null;
  readonly createdAt: FileTime;
  readonly lastActiveAt: FileTime;
  readonly messages: readonly NewMessage[];
  /** The whole JSON object of the file. */
  readonly content: JsonObject;
  /** Size of the file. */
  readonly bytes: number;
  /** True if a time in the file has no offset and was read as local time. */
  readonly naive: boolean;
  /** Notes for the report of an imported file. */
  readonly notes: readonly string[];
}

/** Reads and checks the file at `path`. Rejects with a FileFault if the file cannot be imported. */
export async function readSessionFile(path: PathLike, rules: FileRules): Promise<SessionFile> {
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
    // The Python module treats an empty parent id as no parent.
    parentId: file.parent_session_id || null,
    userId: file.user_id ?? null,
    createdAt: file.created_at,
    lastActiveAt: file.last_active ?? file.created_at,
    messages,
    content: object,
    bytes,
    naive: times.some((time) => time?.naive),
    notes: [
      ...(file.history ? [] : ['it has no history: imported with an empty one']),
      ...(file.last_active ? [] : ['it has no last_active: created_at is used']),
      ...countNote(object.message_count, messages),
      ...longNumbers.map(
        (number) => `${number} is beyond the range or precision of a JSON number: imported as text`,
      ),
    ],
  };
}

function countNote(said: unknown, messages: readonly NewMessage[]): string[] {
  const count = messages.filter((message) => message.role === 'USER').length;
  if (said === undefined || said === count) return [];
  return [
    `message_count is ${shown(said)}: ignored, its history has ${count} user message${count === 1 ? '' : 's'}`,
  ];
}
