import { LRUCache } from 'lru-cache';
import type { Message } from '../../model/message.ts';
import type { HistoryRequest, Page } from '../repository.ts';
import type { SessionRow } from './index/session-row.ts';
import { isUnchanged, type KnownFile } from './known-file.ts';
import { absoluteSessionPath } from './layout.ts';

/** Bytes of memory for the pages of histories that were last asked for. */
const CAPACITY = 32 * 1024 * 1024;
/** What a message takes in memory beside its text: an estimate, in bytes. */
const MESSAGE_BYTES = 500;

/**
 * For so many milliseconds after a look at a file, it is taken to be as it was. To look at each file at each request took a third
 * of the time of a tree of 341 sessions with their latest messages.
 */
export const TRUSTED = 100;

/** A page of a history, whole, as it was in the file that had this size and time. */
interface RecentPage extends KnownFile {
  readonly path: string;
  /** When the file was last found to have them: as of `performance.now()`. */
  lookedAt: number;
  readonly page: Page<Message>;
  /** Of the lines that it was read from. */
  readonly bytes: number;
}

/**
 * The pages of histories that were last read: the latest messages of a tree that is looked at again and again are not read from
 * as many files each time. A page holds for as long as its file is what it was. What this process writes shows at once, for the
 * row tells; of what somebody else changes, a page may be `TRUSTED` milliseconds behind what would be read.
 */
export class RecentPages {
  readonly #root: string;
  readonly #pages = new LRUCache<string, RecentPage>({
    maxSize: CAPACITY,
    sizeCalculation: ({ page, bytes }) => MESSAGE_BYTES * (page.items.length + 1) + memoryOf(page) * bytes,
  });

  /** `root` is the data directory. */
  constructor(root: string) {
    this.#root = root;
  }

  /** `row` is the session as the index has it. */
  get(request: HistoryRequest, row: SessionRow): RecentPage | undefined {
    const recent = this.#pages.get(keyOf(request));
    if (!recent || recent.size !== row.size || recent.mtime !== row.mtime) return undefined;
    const now = performance.now();
    if (now - recent.lookedAt < TRUSTED) return recent;
    if (!isUnchanged(recent.path, recent)) return undefined;
    recent.lookedAt = now;
    return recent;
  }

  remember(
    request: HistoryRequest,
    { id, size, mtime }: SessionRow,
    page: Page<Message>,
    bytes: number,
  ): void {
    const path = absoluteSessionPath(this.#root, id);
    // Nobody has looked since the file was opened, which may be long ago.
    const lookedAt = Number.NEGATIVE_INFINITY;
    this.#pages.set(keyOf(request), { path, lookedAt, size, mtime, page, bytes });
  }

  clear(): void {
    this.#pages.clear();
  }
}

/** Bytes of memory for a byte on the disk: characters take one or two, the parts of a payload many more than their text. */
function memoryOf({ items }: Page<Message>): number {
  return items.some(({ payload }) => payload !== null) ? 20 : 2;
}

function keyOf({ sessionId, roles, page: { from, limit, after, before } }: HistoryRequest): string {
  return `${sessionId} ${roles ?? 'ALL'} ${from} ${limit} ${after ?? ''} ${before ?? ''}`;
}
