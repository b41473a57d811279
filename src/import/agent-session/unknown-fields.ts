import type { JsonObject } from '../../model/json.ts';
import { checkFile, type FileRules } from './file-rules.ts';

/** The metadata key for fields that have no place in a session or a message. */
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
 * The metadata of an imported session: the metadata of the file and, under `imported`, the fields that the Python module does not
 * define and `lost`, the fields of a link to a parent that was cut or not found, with their names in the file. `_` is appended to the key
 * `imported` until the file's metadata does not have it. Throws a FileFault if the result exceeds the limits of metadata.
 */
export function sessionMetadata(file: JsonObject, lost: JsonObject, rules: FileRules): JsonObject {
  const own = (file.metadata ?? {}) as JsonObject;
  let key = KEY;
  while (Object.hasOwn(own, key)) key += '_';
  return withKept(own, key, { ...lost, ...unknownFields(file, SESSION_FIELDS) }, rules, ['metadata']);
}

/** The metadata of an imported message: see `sessionMetadata`. */
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
