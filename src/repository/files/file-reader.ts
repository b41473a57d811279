import type { MessageRef } from '../../model/id.ts';
import type { Message } from '../../model/message.ts';
import type { SessionRollup } from '../../model/rollup.ts';
import type { Session, SessionFilter, SessionOrder } from '../../model/session.ts';
import type { Logger } from '../observer.ts';
import {
  type HistoryRequest,
  type HistoryScope,
  type ListKey,
  type Page,
  type PageRequest,
  ReadTooLargeError,
  type SessionReader,
  type StoreStatus,
} from '../repository.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import type { IndexDatabase } from './index/database.ts';
import { IndexReader } from './index/reader.ts';
import { rollupsOf } from './index/rollup.ts';
import { storeStatus } from './index/store-status.ts';
import { absoluteSessionPath, type Layout, sessionPath } from './layout.ts';
import { Turns } from './pace.ts';
import { readMessages } from './read-messages.ts';
import { RecentPages } from './recent-pages.ts';
import type { LineFault } from './scan-lines.ts';
import type { MessageLocation } from './session-state.ts';

export interface FileReaderParts {
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly handles: HandlePool;
  readonly logger: Logger;
}

/** The reads: the index says what and where, the session files hold the messages. */
export class FileReader implements SessionReader {
  protected readonly layout: Layout;
  protected readonly db: IndexDatabase;
  protected readonly index: IndexReader;
  protected readonly handles: HandlePool;
  protected readonly logger: Logger;
  readonly #turns = new Turns();
  readonly #recentPages: RecentPages;

  constructor({ layout, db, handles, logger }: FileReaderParts) {
    this.layout = layout;
    this.db = db;
    this.index = new IndexReader(db);
    this.handles = handles;
    this.logger = logger;
    this.#recentPages = new RecentPages(layout.root);
  }

  async findMany(ids: readonly string[]): Promise<(Session | null)[]> {
    return ids.map((id) => this.index.session(id));
  }

  async childrenOf(parentIds: readonly string[], page: PageRequest<number>): Promise<Page<Session>[]> {
    return parentIds.map((id) => this.index.children(id, page));
  }

  async descendantsOf(
    ids: readonly string[],
    page: PageRequest<string>,
    maxDepth: number | null,
  ): Promise<Page<Session>[]> {
    return Promise.all(ids.map((id) => this.#turns.take(() => this.index.descendants(id, page, maxDepth))));
  }

  async countDescendants(ids: readonly string[], maxDepth: number | null): Promise<number[]> {
    return ids.map((id) => this.index.countDescendants(id, maxDepth));
  }

  async ancestorsOf(ids: readonly string[]): Promise<Session[][]> {
    return ids.map((id) => this.index.ancestors(id));
  }

  async rollupsOf(ids: readonly string[]): Promise<(SessionRollup | null)[]> {
    const rollups = await rollupsOf(this.db, ids);
    return ids.map((id) => rollups.get(id) ?? null);
  }

  async list(filter: SessionFilter, order: SessionOrder, page: PageRequest<ListKey>): Promise<Page<Session>> {
    return this.#turns.take(() => this.index.list(filter, order, page));
  }

  async count(filter: SessionFilter): Promise<number> {
    return this.#turns.take(() => this.index.count(filter));
  }

  async historyOf(requests: readonly HistoryRequest[], maxBytes: number): Promise<Page<Message>[]> {
    const recent = requests.map((request) => {
      const row = this.index.row(request.sessionId);
      return row && this.#recentPages.get(request, row);
    });
    const spared = recent.reduce((bytes, known) => bytes + (known?.bytes ?? 0), 0);
    const others = requests.filter((_, n) => !recent[n]);
    const read = (await this.#readPages(others, maxBytes, spared)).values();
    return recent.map((known) => known?.page ?? read.next().value!);
  }

  /** `spared` bytes of the batch need no reading. */
  async #readPages(
    requests: readonly HistoryRequest[],
    maxBytes: number,
    spared: number,
  ): Promise<Page<Message>[]> {
    await this.refresh(requests.map(({ sessionId }) => sessionId));
    const found = await Promise.all(
      requests.map((request) =>
        this.#turns.take(() => ({
          row: this.index.row(request.sessionId),
          page: this.index.history(request),
        })),
      ),
    );
    refuseAbove(
      maxBytes,
      found.map(({ page }) => page.items),
      spared,
    );
    return Promise.all(
      found.map(async ({ row, page: { items: locations, hasMore } }, n) => {
        const request = requests[n]!;
        const items = await this.readable(request.sessionId, locations);
        const page = { items, hasMore };
        // A part that could not be read is looked for again: what is wrong with it can be mended.
        if (row && items.length === locations.length) {
          this.#recentPages.remember(request, row, page, bytesToRead([locations]));
        }
        return page;
      }),
    );
  }

  async countHistory(requests: readonly HistoryScope[]): Promise<number[]> {
    return requests.map((request) => this.index.countHistory(request));
  }

  async findMessages(refs: readonly MessageRef[], maxBytes: number): Promise<(Message | null)[]> {
    await this.refresh(refs.map(({ sessionId }) => sessionId));
    const found = refs.map(({ sessionId, ordinal }, n) => ({
      n,
      sessionId,
      location: this.index.message(sessionId, ordinal),
    }));
    // Messages of one line are read, and count, together.
    const bySession = [...Map.groupBy(found, ({ sessionId }) => sessionId)].map(([sessionId, wanted]) => ({
      sessionId,
      places: wanted
        .flatMap(({ n, location }) => (location ? [{ n, location }] : []))
        .sort((a, b) => a.location.offset - b.location.offset),
    }));
    refuseAbove(
      maxBytes,
      bySession.map(({ places }) => places.map(({ location }) => location)),
    );
    const messages: (Message | null)[] = refs.map(() => null);
    await Promise.all(
      bySession.map(async ({ sessionId, places }) => {
        const read = await this.#read(
          sessionId,
          places.map(({ location }) => location),
        );
        for (const [k, { n }] of places.entries()) messages[n] = read[k] ?? null;
      }),
    );
    return messages;
  }

  async status(): Promise<StoreStatus> {
    return storeStatus(this.db);
  }

  async close(): Promise<void> {
    await this.handles.close();
    this.db.close();
  }

  /** Before files are opened: for what the index knows of them. */
  protected async refresh(_ids: readonly string[]): Promise<void> {}

  /** Lines cannot be read, though the index knows messages on them. */
  protected async damaged(sessionId: string, faults: readonly LineFault[]): Promise<void> {
    this.logger.error({ path: sessionPath(sessionId), faults }, 'a part of a session cannot be read');
    this.#recentPages.clear();
  }

  /** What can be read of these messages, in their order. */
  protected async readable(sessionId: string, locations: readonly MessageLocation[]): Promise<Message[]> {
    return (await this.#read(sessionId, locations)).filter((message) => message !== null);
  }

  async #read(sessionId: string, locations: readonly MessageLocation[]): Promise<(Message | null)[]> {
    if (locations.length === 0) return [];
    const path = absoluteSessionPath(this.layout.root, sessionId);
    const { messages, faults } = await readMessages(this.handles, path, sessionId, locations);
    // A session that was deleted while it was being read leaves no fault, only nothing.
    if (faults.length > 0 && this.index.row(sessionId)) await this.damaged(sessionId, faults);
    return messages;
  }
}

function refuseAbove(
  maxBytes: number,
  pages: readonly (readonly MessageLocation[])[],
  besides: number = 0,
): void {
  if (bytesToRead(pages) + besides > maxBytes) throw new ReadTooLargeError(maxBytes);
}

/** Adds up the lines that would be read, each once. */
export function bytesToRead(pages: readonly (readonly MessageLocation[])[]): number {
  let bytes = 0;
  for (const locations of pages) {
    let offset = -1;
    for (const location of locations) {
      if (location.offset !== offset) bytes += location.length;
      offset = location.offset;
    }
  }
  return bytes;
}
