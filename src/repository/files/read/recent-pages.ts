import { LRUCache } from 'lru-cache';
import type { JsonObject } from '../../../model/json.ts';
import { MESSAGE_ROLES, textsKey } from '../../../model/message.ts';
import type { HistoryPage, HistoryRequest } from '../../reads.ts';
import { isUnchanged, type KnownFile } from '../disk/known-file.ts';
import { absoluteSessionPath } from '../format/layout.ts';
import type { SessionRow } from '../index/session-row.ts';

/** Bytes of memory for recently read pages of histories. */
const CAPACITY_BYTES = 32 * 1024 * 1024;
/** Estimated bytes of memory that a message takes beside its text. */
const MESSAGE_BYTES = 500;

/**
 * Milliseconds for which a file is assumed unchanged after a check. Checking each file at each request took a
 * third of the time of a tree of 341 sessions with their latest messages.
 */
export const TRUSTED_MS = 100;

/** A complete page of a history, as read from the file when it had this size and time. */
export interface RecentPage extends KnownFile {
  readonly path: string;
  /** When the file was last found to have them: as of `performance.now()`. */
  lookedAt: number;
  readonly page: HistoryPage;
  /** Bytes of the lines that the page was read from. */
  readonly bytes: number;
}

/**
 * An LRU cache of history pages: the latest messages of a tree that is read again and again do not need as
 * many file reads each time. A page is valid while its file is unchanged. Writes of this process show at
 * once, because they change the session's row. After a change by another program, a page may be stale for
 * `TRUSTED_MS` milliseconds.
 */
export class RecentPages {
  readonly #root: string;
  readonly #pages = new LRUCache<string, RecentPage>({
    maxSize: CAPACITY_BYTES,
    sizeCalculation: ({ page, bytes }) => MESSAGE_BYTES * (page.items.length + 1) + memoryOf(page, bytes),
  });

  /** `root` is the data directory. */
  constructor(root: string) {
    this.#root = root;
  }

  /** `row` is the session's row in the index. */
  get(request: HistoryRequest, row: SessionRow): RecentPage | undefined {
    const recent = this.#pages.get(keyOf(request));
    if (!recent || recent.size !== row.size || recent.mtime !== row.mtime) return undefined;
    const now = performance.now();
    if (now - recent.lookedAt < TRUSTED_MS) return recent;
    if (!isUnchanged(recent.path, recent)) return undefined;
    recent.lookedAt = now;
    return recent;
  }

  remember(request: HistoryRequest, { id, size, mtime }: SessionRow, page: HistoryPage, bytes: number): void {
    const path = absoluteSessionPath(this.#root, id);
    // Not checked since the file was opened, which may be long ago.
    const lookedAt = Number.NEGATIVE_INFINITY;
    this.#pages.set(keyOf(request), { path, lookedAt, size, mtime, page, bytes });
  }

  clear(): void {
    this.#pages.clear();
  }
}

/**
 * An upper bound of the memory that a page's texts take, read from lines of `lineBytes` bytes: a character takes one or two bytes, parsed
 * JSON many times its text.
 */
function memoryOf({ items, textBytes }: HistoryPage, lineBytes: number): number {
  const holdsJson = items.some(({ payload, metadata }) => payload != null || !isEmpty(metadata));
  return holdsJson ? 20 * Math.min(textBytes, lineBytes) : 2 * textBytes;
}

function isEmpty(metadata: JsonObject | undefined): boolean {
  for (const _ in metadata) return false;
  return true;
}

function keyOf(request: HistoryRequest): string {
  const { sessionId, roles, shown, page, place, createdAfter, createdBefore } = request;
  const { from, limit, after, before } = page;
  const key = `${sessionId} ${setOf(roles)} ${textsKey(shown)} ${from} ${limit} ${after ?? ''} ${before ?? ''}`;
  if (!place && createdAfter == null && createdBefore == null) return key;
  return `${key} ${JSON.stringify([place, createdAfter, createdBefore])}`;
}

/** Each role once, in a fixed order: a key is short, however long the list of a request is. */
function setOf(roles: HistoryRequest['roles']): string {
  return roles ? MESSAGE_ROLES.filter((role) => roles.includes(role)).join() : 'ALL';
}
