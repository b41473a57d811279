import { createHash } from 'node:crypto';
import type { JsonValue } from '../model/json.ts';

/** A short text that differs if the JSON value does. */
export function hashOf(value: JsonValue): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
