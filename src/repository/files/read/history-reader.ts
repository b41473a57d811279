import { ALL_TEXTS, type Message, type ShownTexts, textBytesOf } from '../../../model/message.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import { type HistoryPage, type HistoryRequest, ReadTooLargeError } from '../../reads.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { TextAllowance } from '../../text-allowance.ts';
import type { IndexReader } from '../index/reader.ts';
import type { HistoryPlaces, IndexWalks } from '../index/walks.ts';
import { bytesToRead, partsOf, type Reading, readingWith, textBytesMax } from './reading.ts';
import type { RecentPage, RecentPages } from './recent-pages.ts';

/** Messages of one session, and the bytes of the texts that they show. */
export interface ReadMessages {
  readonly items: readonly Message[];
  readonly textBytes: number;
}

/** What a `HistoryReader` uses of the store. */
export interface HistoryReaderParts {
  readonly index: IndexReader;
  readonly walks: IndexWalks;
  readonly recentPages: RecentPages;
  /** Called before files are opened, to update what the index knows of them. */
  refresh(ids: readonly string[], options?: ReadOptions): Promise<void>;
  /** The readable messages at `locations`, in their order. */
  read(
    request: HistoryRequest,
    locations: readonly MessageLocation[],
    reading: Reading,
  ): Promise<ReadMessages>;
}

/**
 * Reads the pages of a batch: all at once if their texts fit into the limit, else one after the other, each until the limit is used up. What a page holds does not depend on which pages are cached.
 */
export class HistoryReader {
  readonly #parts: HistoryReaderParts;

  constructor(parts: HistoryReaderParts) {
    this.#parts = parts;
  }

  /** As `SessionReader.historyOf`. */
  async pages(
    requests: readonly HistoryRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]> {
    throwIfOver(options);
    const { index, recentPages } = this.#parts;
    const recent = requests.map((request) => {
      const row = index.row(request.sessionId);
      return row && recentPages.get(request, row);
    });
    const places = (
      await this.#locate(
        requests.filter((_, n) => !recent[n]),
        options,
      )
    ).values();
    const found = recent.map((known) => known ?? places.next().value!);
    const most = found.reduce((sum, one, n) => sum + textBytesOfFound(one, requests[n]!), 0);
    if (most <= maxBytes) {
      const charged = new Charged(options);
      try {
        return await this.#atOnce(requests, found, maxBytes, charged.options);
      } catch (error) {
        // JSON of many short values counts more than its line has bytes.
        if (!(error instanceof ReadTooLargeError)) throw error;
        return this.#inTurn(requests, found, maxBytes, charged.further());
      }
    }
    return this.#inTurn(requests, found, maxBytes, options);
  }

  async #locate(requests: readonly HistoryRequest[], options?: ReadOptions): Promise<HistoryPlaces[]> {
    const ids = requests.map(({ sessionId }) => sessionId);
    await this.#parts.refresh(ids, options);
    return requests.length === 0 ? [] : this.#parts.walks.histories(requests, options);
  }

  async #atOnce(
    requests: readonly HistoryRequest[],
    found: readonly Found[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]> {
    options?.onRead?.(found.reduce((sum, one, n) => sum + bytesOf(one, requests[n]!), 0));
    const allowance = new TextAllowance(maxBytes);
    // A cached page counts towards the limit like any other.
    for (const one of found) if (isRecent(one)) allowance.take(one.page.textBytes);
    if (found.every(isRecent)) return found.map(({ page }) => page);
    const reading = readingWith(allowance, options);
    return Promise.all(
      found.map((one, n) => (isRecent(one) ? one.page : this.#wholePage(requests[n]!, one, reading))),
    );
  }

  async #wholePage(request: HistoryRequest, places: HistoryPlaces, reading: Reading): Promise<HistoryPage> {
    const { items: locations, hasMore } = places.page;
    const read = await this.#parts.read(request, locations, reading);
    return this.#remember(request, places, { ...read, hasMore });
  }

  async #inTurn(
    requests: readonly HistoryRequest[],
    found: readonly Found[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]> {
    const allowance = new TextAllowance(maxBytes);
    const pages: HistoryPage[] = [];
    for (const [n, request] of requests.entries())
      pages.push(await this.#fittingPage(request, found[n]!, allowance, options));
    return pages;
  }

  /** The page, or as much of it as fits. Rejects with a ReadTooLargeError if that is no message. */
  async #fittingPage(
    request: HistoryRequest,
    found: Found,
    allowance: TextAllowance,
    options?: ReadOptions,
  ): Promise<HistoryPage> {
    if (isRecent(found) && allowance.tryTake(found.page.textBytes)) {
      options?.onRead?.(bytesOf(found, request));
      return found.page;
    }
    const [places] = isRecent(found) ? await this.#locate([request], options) : [found];
    const { items: locations, hasMore } = places!.page;
    const { page, shown = ALL_TEXTS } = request;
    const parts = partsOf(locations);
    if (page.from === 'end') parts.reverse();
    const taken: (readonly Message[])[] = [];
    let textBytes = 0;
    let isCut = false;
    for (const part of parts) {
      if (shown) options?.onRead?.(bytesToRead(part));
      const whole = await this.#parts.read(request, part, readingWith(new TextAllowance(), options));
      isCut = !allowance.tryTake(whole.textBytes);
      const read = isCut ? fittingOf(whole.items, shown!, page.from, allowance) : whole;
      taken.push(read.items);
      textBytes += read.textBytes;
      if (isCut) break;
    }
    if (page.from === 'end') taken.reverse();
    const items = taken.flat();
    if (isCut && items.length === 0) allowance.exceed();
    if (isCut) return { items, hasMore: true, textBytes };
    return this.#remember(request, places!, { items, hasMore, textBytes });
  }

  /** A page with an unreadable part is not cached, because the file may be repaired. */
  #remember(request: HistoryRequest, { row, page: places }: HistoryPlaces, page: HistoryPage): HistoryPage {
    if (row && page.items.length === places.items.length)
      this.#parts.recentPages.remember(request, row, page, bytesOf({ row, page: places }, request));
    return page;
  }
}

/** Notes what a read is charged for, so that it can be made again. */
class Charged {
  /** Of the first read. */
  readonly options: ReadOptions | undefined;
  readonly #onRead: ReadOptions['onRead'];
  #bytes = 0;

  constructor(options: ReadOptions | undefined) {
    this.#onRead = options?.onRead;
    this.options = this.#onRead && { ...options, onRead: (bytes) => this.#charge(bytes) };
    this.options ??= options;
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    this.#onRead!(bytes);
  }

  /** The options of a second read, which is charged only for what exceeds the first. */
  further(): ReadOptions | undefined {
    if (!this.#onRead) return this.options;
    let paid = this.#bytes;
    const onRead = (bytes: number) => {
      const more = Math.max(0, bytes - paid);
      paid -= bytes - more;
      if (more > 0) this.#onRead!(more);
    };
    return { ...this.options, onRead };
  }
}

/** A page that is cached, or where its messages lie. */
type Found = RecentPage | HistoryPlaces;

function isRecent(found: Found): found is RecentPage {
  return 'textBytes' in found.page;
}

/** What is charged for a page: the bytes of its lines or, if it is cached, of its texts, if they count more. */
function bytesOf(found: Found, { shown }: HistoryRequest): number {
  if (isRecent(found)) return Math.max(found.bytes, found.page.textBytes);
  return shown === null ? 0 : bytesToRead(found.page.items);
}

/** The bytes of text of a cached page; of any other page, an upper bound. */
function textBytesOfFound(found: Found, { shown }: HistoryRequest): number {
  return isRecent(found) ? found.page.textBytes : textBytesMax(found.page.items, shown);
}

/** The first messages, or from the end the last, that fit into the allowance. */
function fittingOf(
  messages: readonly Message[],
  shown: ShownTexts,
  from: 'start' | 'end',
  allowance: TextAllowance,
): ReadMessages {
  const items: Message[] = [];
  let textBytes = 0;
  for (const message of from === 'start' ? messages : messages.toReversed()) {
    const bytes = textBytesOf(message, shown);
    if (!allowance.tryTake(bytes)) break;
    items.push(message);
    textBytes += bytes;
  }
  return { items: from === 'start' ? items : items.reverse(), textBytes };
}
