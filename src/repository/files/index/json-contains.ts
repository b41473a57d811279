import type { DatabaseSync } from 'node:sqlite';
import { type JsonValue, jsonContains } from '../../../model/json.ts';

/** Gives SQL the function `json_contains(json, part)`. */
export function addJsonContains(database: DatabaseSync): void {
  database.function('json_contains', { deterministic: true }, (json, part) =>
    Number(jsonContains(JSON.parse(String(json)) as JsonValue, parsedOnce(String(part)))),
  );
}

let lastPart: { json: string; value: JsonValue } = { json: 'null', value: null };

/** A filter is asked of every row in turn: it is parsed for the first. */
function parsedOnce(json: string): JsonValue {
  if (lastPart.json !== json) lastPart = { json, value: JSON.parse(json) as JsonValue };
  return lastPart.value;
}
