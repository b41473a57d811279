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

/** A page of a history, whole, as it was in the file that had this size and time. */
interface RecentPage extends KnownFile {
  readonly path: string;
  readonly page: Page<Message>;
  /** Of the lines that it was read from. */
  readonly bytes: number;
}

/**
 * The pages of histories that were last read: the latest messages of a tree that is looked at again and again are not read from
 * as many files each time. A page holds for as long as its file is what it was: the disk is asked at each look, so that what
 * somebody else changes is noticed as it would be without.
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
    return isUnchanged(recent.path, recent) ? recent : undefined;
  }

  remember(
    request: HistoryRequest,
    { id, size, mtime }: SessionRow,
    page: Page<Message>,
    bytes: number,
  ): void {
    const path = absoluteSessionPath(this.#root, id);
    this.#pages.set(keyOf(request), { path, size, mtime, page, bytes });
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
