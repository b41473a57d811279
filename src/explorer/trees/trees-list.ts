import type { SessionChanges } from '@sessiontree/client';
import type { TreesFilter } from '../address.ts';
import { ask } from '../api/client.ts';
import { Feed } from '../api/feed.ts';
import {
  type RootRowFragment,
  RootsDocument,
  type SessionFilter,
  type SessionStatus,
  TreesCountDocument,
  TreesDocument,
  type TreesQuery,
  UsageTodayDocument,
} from '../generated/operations.ts';
import { Observable } from '../parts/observable.ts';

const PAGE = 50;
/** Changes are gathered for so long before the rows that they touch are read again. */
const REFRESH_MS = 400;
/** More trees than that are not read again one by one: the list is. */
const REFRESH_MAX = 100;
const USAGE_MS = 60_000;

/** A part of the list that was read at once: its trees stand together by project. */
interface Page {
  readonly rows: readonly RootRowFragment[];
}

export type Quarantined = TreesQuery['store']['quarantined'][number];

/** A row of the list: a project, or a tree. */
export type ListRow =
  | { readonly kind: 'project'; readonly key: string; readonly project: string | null }
  | { readonly kind: 'tree'; readonly key: string; readonly root: RootRowFragment };

/** The list of trees, the last active first. It follows the store. */
export class TreesList extends Observable {
  #filter: SessionFilter = filterOf(null);
  #pages: Page[] = [];
  #endCursor: string | null = null;
  #reading: AbortController | null = null;
  #rows: ListRow[] | null = null;
  readonly #touched = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #usageReadAt = 0;
  #costToday = new Map<string | null, number>();

  readonly feed = new Feed(null, 0, (changes) => this.#take(changes));
  isLoading = true;
  error: Error | null = null;
  /** How many trees the filter finds; null until they are counted. */
  total: number | null = null;
  running: number | null = null;
  sessionCount: number | null = null;
  quarantined: readonly Quarantined[] = [];

  get hasMore(): boolean {
    return this.#endCursor !== null;
  }

  /** The trees, grouped by project within what was read at once: more pages change nothing above them. */
  get rows(): readonly ListRow[] {
    this.#rows ??= this.#pages.flatMap(({ rows }, page) =>
      [...Map.groupBy(rows, ({ project }) => project)].flatMap(([project, roots]): ListRow[] => [
        { kind: 'project', key: `project ${page} ${project}`, project },
        ...roots.map((root): ListRow => ({ kind: 'tree', key: root.id, root })),
      ]),
    );
    return this.#rows;
  }

  get roots(): readonly RootRowFragment[] {
    return this.#pages.flatMap(({ rows }) => rows);
  }

  rootOf(id: string): RootRowFragment | undefined {
    return this.roots.find((root) => root.id === id);
  }

  /** What the trees of a project cost since midnight (UTC); null for nothing. */
  costToday(project: string | null): number | null {
    return this.#costToday.get(project) ?? null;
  }

  /** Reads the list anew. */
  async show(filter: TreesFilter | null): Promise<void> {
    if (filter) this.#filter = filterOf(filter);
    this.isLoading = true;
    this.total = null;
    this.changed();
    const data = await this.#read(null);
    if (!data) return;
    this.#pages = [{ rows: data.sessions.nodes }];
    this.feed.follow(data.store.cursor);
    this.#changedRows();
    void this.#count();
    void this.#readUsage();
  }

  /** Reads the next page, unless one is being read. */
  async more(): Promise<void> {
    if (this.isLoading || this.#endCursor === null) return;
    this.isLoading = true;
    const data = await this.#read(this.#endCursor);
    if (!data) return;
    // A tree that was active meanwhile is at the top already.
    const known = new Set(this.roots.map(({ id }) => id));
    this.#pages.push({ rows: data.sessions.nodes.filter(({ id }) => !known.has(id)) });
    this.#changedRows();
  }

  async #read(after: string | null): Promise<TreesQuery | null> {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    const { signal } = reading;
    try {
      const data: TreesQuery = await ask(
        TreesDocument,
        { first: PAGE, after, filter: this.#filter, orderBy: ORDER },
        signal,
      );
      if (signal.aborted) return null;
      const { pageInfo } = data.sessions;
      this.#endCursor = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      this.sessionCount = data.store.sessionCount;
      this.quarantined = data.store.quarantined;
      this.error = null;
      return data;
    } catch (error) {
      if (signal.aborted) return null;
      this.error = error as Error;
      return null;
    } finally {
      if (!signal.aborted) {
        this.isLoading = false;
        this.changed();
      }
    }
  }

  async #count(): Promise<void> {
    const countOf = async (filter: SessionFilter) =>
      (await ask(TreesCountDocument, { filter })).sessions.totalCount;
    try {
      const statuses: SessionStatus[] = ['RUNNING'];
      [this.total, this.running] = await Promise.all([
        countOf(this.#filter),
        countOf({ ...this.#filter, statuses }),
      ]);
    } catch {
      // The list is there without its counts. The feed says if the server is away.
      return;
    }
    this.changed();
  }

  async #readUsage(): Promise<void> {
    if (Date.now() - this.#usageReadAt < USAGE_MS) return;
    this.#usageReadAt = Date.now();
    try {
      const from = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
      const { usageReport } = await ask(UsageTodayDocument, { from });
      this.#costToday = new Map(usageReport.map(({ project, usage }) => [project, usage.costUsd ?? 0]));
    } catch {
      return;
    }
    this.changed();
  }

  #take({ changes, isReset }: SessionChanges): void {
    for (const { kind, session, sessionId } of changes) {
      this.#touched.add(session?.rootId ?? sessionId);
      // It may have been a tree.
      if (kind === 'MOVED') this.#touched.add(sessionId);
    }
    if (isReset) this.#touched.add(EVERYTHING);
    this.#timer ??= setTimeout(() => void this.#refresh(), REFRESH_MS);
  }

  /** Reads the rows anew of trees in which something changed. A tree that is new, or was further down, comes with the first page. */
  async #refresh(): Promise<void> {
    const touched = new Set(this.#touched);
    this.#touched.clear();
    const known = new Map(this.roots.map((root) => [root.id, root]));
    const ids = [...touched].filter((id) => known.has(id));
    try {
      const isList = touched.has(EVERYTHING) || ids.length > REFRESH_MAX || ids.length < touched.size;
      const [data, first] = await Promise.all([
        ids.length > 0 && ids.length <= REFRESH_MAX ? ask(RootsDocument, { ids }) : null,
        isList ? ask(TreesDocument, { first: PAGE, filter: this.#filter, orderBy: ORDER }) : null,
      ]);
      for (const [n, node] of (data?.nodes ?? []).entries()) {
        // A root that is gone, or has become a child, is no tree.
        if (node && 'rollup' in node && node.parentId === null) known.set(node.id, node as RootRowFragment);
        else known.delete(ids[n]!);
      }
      for (const row of first?.sessions.nodes ?? []) known.set(row.id, row);
      this.sessionCount = (data ?? first)?.store.sessionCount ?? this.sessionCount;
      this.quarantined = first?.store.quarantined ?? this.quarantined;
      this.#place(known);
      if (isList) void this.#count();
      void this.#readUsage();
    } catch {
      // The server is away, which the feed says. Once it is back, all is read again.
      for (const id of touched) this.#touched.add(id);
    }
    this.#timer = this.#touched.size > 0 ? setTimeout(() => void this.#refresh(), 5 * REFRESH_MS) : null;
  }

  /** Rows stay in the page that they are in; in the first, the last active tree comes first. */
  #place(known: ReadonlyMap<string, RootRowFragment>): void {
    const left = new Map(known);
    const pages = this.#pages.map(({ rows }) => ({
      rows: rows.flatMap(({ id }) => {
        const row = left.get(id);
        left.delete(id);
        return row ?? [];
      }),
    }));
    const first = [...left.values(), ...(pages[0]?.rows ?? [])].sort((a, b) =>
      b.rollup.lastActiveAt.localeCompare(a.rollup.lastActiveAt),
    );
    this.#pages = [{ rows: first }, ...pages.slice(1)];
    this.#changedRows();
  }

  #changedRows(): void {
    this.#rows = null;
    this.changed();
  }
}

const EVERYTHING = '*';

const ORDER = { field: 'TREE_LAST_ACTIVE_AT', direction: 'DESC' } as const;

function filterOf(filter: TreesFilter | null): SessionFilter {
  return {
    rootsOnly: true,
    archived: filter?.archived ? 'ONLY' : 'EXCLUDE',
    ...(filter?.damaged && { damaged: true }),
    ...(filter?.title && { title: filter.title }),
    ...(filter?.project && { project: filter.project }),
    ...(filter?.user && { userId: filter.user }),
    ...(filter?.status && { statuses: [filter.status as SessionStatus] }),
  };
}
