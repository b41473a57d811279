import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import { isObject, shapeOf } from './json.ts';

/** The server's limit `payloadDepth`, with some room for what is around an entry. */
const DEPTH_MAX = 120;
/** The server's limit `bodyValues` is a million for a request. What a message takes out of its entry counts once more. */
const VALUES_MAX = 200_000;
const DIFFERENT_KEYS_MAX = 10_000;

/**
 * An entry as a payload: itself or, where it has more levels or values than the server takes, its text: `{ json }`. Every entry has a `type`,
 * so that the two differ.
 */
export function packed(entry: SessionStoreEntry): { readonly isPacked: boolean; readonly payload: unknown } {
  const keys = new Set<string>();
  const { values, depth } = shapeOf(entry, keys);
  const isPacked = depth > DEPTH_MAX || values > VALUES_MAX || keys.size > DIFFERENT_KEYS_MAX;
  return { isPacked, payload: isPacked ? { json: JSON.stringify(entry) } : entry };
}

/** The entry in a payload; null for a message that another program wrote, or that holds no entry of its own. */
export function unpacked(payload: unknown): SessionStoreEntry | null {
  if (!isObject(payload)) return null;
  if (typeof payload.type === 'string') return payload as SessionStoreEntry;
  return typeof payload.json === 'string' ? (JSON.parse(payload.json) as SessionStoreEntry) : null;
}
