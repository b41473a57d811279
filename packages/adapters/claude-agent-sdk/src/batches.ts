import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import { shapeOf, textOf } from './json.ts';
import { messageCountOf } from './messages.ts';

/** The server's limit `messages`. */
const MESSAGES_MAX = 1_000;
/** A message has most of its entry twice: in its fields, and as its payload. The server's limit `bodyBytes` is 32 MiB. */
const BYTES_MAX = 10 * 1024 * 1024;
/** As the server's limit `bodyValues` counts: a value as two at most, a different key as twenty more. Twice, as for the bytes, and some room. */
const VALUES_MAX = 400_000;

/**
 * Divides entries, in their order, so that each batch fits into a request. One that does not is a batch of its own. Of entries with the same uuid,
 * there is only the first, as in the store.
 */
export function batchesOf(entries: readonly SessionStoreEntry[]): SessionStoreEntry[][] {
  const batches: SessionStoreEntry[][] = [];
  let batch: SessionStoreEntry[] = [];
  let keys = new Set<string>();
  let sums = { messages: 0, bytes: 0, values: 0 };
  const uuids = new Set<unknown>();
  for (const entry of entries) {
    if (textOf(entry.uuid) !== null && uuids.has(entry.uuid)) continue;
    uuids.add(entry.uuid);
    const messages = messageCountOf(entry);
    const bytes = Buffer.byteLength(JSON.stringify(entry));
    const values = 2 * shapeOf(entry, keys).values;
    const isFull =
      sums.messages + messages > MESSAGES_MAX ||
      sums.bytes + bytes > BYTES_MAX ||
      sums.values + values + 20 * keys.size > VALUES_MAX;
    if (isFull && batch.length > 0) {
      batches.push(batch);
      batch = [];
      sums = { messages: 0, bytes: 0, values: 0 };
      keys = new Set();
      shapeOf(entry, keys);
    }
    batch.push(entry);
    sums = {
      messages: sums.messages + messages,
      bytes: sums.bytes + bytes,
      values: sums.values + values,
    };
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
