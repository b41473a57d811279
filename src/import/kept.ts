import type { JsonObject } from '../model/json.ts';
import { checkFile, type FileRules } from './file-rules.ts';

/** Where metadata holds what has no place in a session or a message. */
const KEY = 'imported';

const SESSION_FIELDS = new Set([
  'session_id',
  'parent_session_id',
  'root_session_id',
  'depth',
  'user_id',
  'created_at',
  'last_active',
  'message_count',
  'metadata',
  'history',
]);
const ENTRY_FIELDS = new Set(['role', 'content', 'timestamp']);

/**
 * The metadata that a session comes in with: the file's own, and under `imported`, by the names that the file gives them,
 * the fields that the Python module does not know, and those of `lost`. Where the file's metadata has an `imported`, the
 * key is `imported_`. A FileFault where all that is more than metadata may hold.
 */
export function sessionMetadata(file: JsonObject, lost: JsonObject, rules: FileRules): JsonObject {
  const own = (file.metadata ?? {}) as JsonObject;
  let key = KEY;
  while (Object.hasOwn(own, key)) key += '_';
  return withKept(own, key, { ...lost, ...unknownFields(file, SESSION_FIELDS) }, rules, ['metadata']);
}

/** The metadata that an entry of a history comes in with: see `sessionMetadata`. */
export function entryMetadata(entry: JsonObject, position: number, rules: FileRules): JsonObject {
  return withKept({}, KEY, unknownFields(entry, ENTRY_FIELDS), rules, [
    'history',
    String(position),
    'metadata',
  ]);
}

function unknownFields(object: JsonObject, known: ReadonlySet<string>): JsonObject {
  // fromEntries defines own properties: a field named __proto__ stays a field.
  return Object.fromEntries(Object.entries(object).filter(([field]) => !known.has(field)));
}

function withKept(
  own: JsonObject,
  key: string,
  kept: JsonObject,
  rules: FileRules,
  path: string[],
): JsonObject {
  if (Object.keys(kept).length === 0) return own;
  const metadata = { ...own, [key]: kept };
  checkFile(rules.metadata, metadata, [...path, key]);
  return metadata;
}
