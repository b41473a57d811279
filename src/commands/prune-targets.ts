import type { MutationError, Sessiontree } from '@sessiontree/client';
import { ClientError } from '../model/errors.ts';
import type { SessionReader, SessionRepository } from '../repository/repository.ts';

/** Which trees are to go. */
export interface Wanted {
  /** Nothing in the tree was active at this time or later. */
  readonly before: Date;
  /** That of the root. */
  readonly project: string | undefined;
  /** True: only trees whose root is archived. */
  readonly isArchived: boolean;
}

/** A tree, by its root. */
export interface OldTree {
  readonly id: string;
  readonly title: string | null;
  readonly sessionCount: number;
  /** The latest activity anywhere in the tree. */
  readonly lastActiveAt: Date;
}

/** The store that is pruned. */
export interface PruneTarget {
  /** The trees that are wanted, the longest inactive first. */
  oldTrees(wanted: Wanted): AsyncGenerator<OldTree, void>;
  /** Deletes a tree, and answers with the number of deleted sessions; null if it has become active meanwhile, or is gone. */
  delete(id: string, wanted: Wanted, purge: boolean): Promise<number | null>;
  /** True for an error of `delete` that concerns this tree alone. */
  isRefusal(error: unknown): error is Error;
}

const ROOTS_A_PAGE = 500;

/** A store that this process has opened. For a dry run, reading is enough. */
export class StoreTarget implements PruneTarget {
  readonly #reader: SessionReader;
  readonly #repository: SessionRepository | null;

  constructor(reader: SessionReader, repository: SessionRepository | null) {
    this.#reader = reader;
    this.#repository = repository;
  }

  async *oldTrees({ before, project, isArchived }: Wanted): AsyncGenerator<OldTree, void> {
    const filter = {
      rootsOnly: true,
      project: project ?? null,
      archived: isArchived ? 'ONLY' : 'INCLUDE',
    } as const;
    const order = { field: 'TREE_LAST_ACTIVE_AT', direction: 'ASC' } as const;
    for (let after: { time: number; sequence: number } | undefined; ; ) {
      const page = { limit: ROOTS_A_PAGE, from: 'start', ...(after && { after }) } as const;
      const { items, hasMore } = await this.#reader.list(filter, order, page);
      const rollups = await this.#reader.rollupsOf(items.map(({ id }) => id));
      for (const [n, { id, title, sequence, treeLastActiveAt }] of items.entries()) {
        const lastActiveAt = treeLastActiveAt!;
        if (lastActiveAt >= before) return;
        yield { id, title, sessionCount: rollups[n]?.sessionCount ?? 1, lastActiveAt };
        after = { time: lastActiveAt.getTime(), sequence };
      }
      if (!hasMore || items.length === 0) return;
    }
  }

  async delete(sessionId: string, { before }: Wanted, purge: boolean): Promise<number | null> {
    const [rollup] = await this.#reader.rollupsOf([sessionId]);
    if (!rollup || rollup.lastActiveAt >= before) return null;
    const { deletedIds } = await this.#repository!.delete({ sessionId, mode: 'CASCADE', purge });
    return deletedIds.length;
  }

  isRefusal(error: unknown): error is Error {
    return error instanceof ClientError;
  }
}

const ROOTS = `query OldTrees($filter: SessionFilter!, $first: Int!, $after: String) {
  sessions(filter: $filter, orderBy: { field: TREE_LAST_ACTIVE_AT, direction: ASC }, first: $first, after: $after) {
    nodes { id title rollup { sessionCount lastActiveAt } } pageInfo { hasNextPage endCursor }
  } }`;
const ACTIVITY = 'query TreeActivity($id: ID!) { session(id: $id) { rollup { lastActiveAt } } }';

interface Rollup {
  readonly lastActiveAt: string;
}

interface RootsData {
  readonly sessions: {
    readonly nodes: readonly {
      readonly id: string;
      readonly title: string | null;
      readonly rollup: Rollup & { readonly sessionCount: number };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** The store of a running server. */
export class ServerTarget implements PruneTarget {
  readonly #client: Sessiontree;
  readonly #refusal: typeof MutationError;

  /** `refusal` is the class of the client, which is loaded only where a server is called. */
  constructor(client: Sessiontree, refusal: typeof MutationError) {
    this.#client = client;
    this.#refusal = refusal;
  }

  isRefusal(error: unknown): error is Error {
    return error instanceof this.#refusal;
  }

  async *oldTrees({ before, project, isArchived }: Wanted): AsyncGenerator<OldTree, void> {
    const filter = { rootsOnly: true, project, archived: isArchived ? 'ONLY' : 'INCLUDE' };
    for (let after: string | null = null; ; ) {
      const page: RootsData = await this.#client.request<RootsData>(ROOTS, {
        filter,
        first: ROOTS_A_PAGE,
        after,
      });
      const { sessions } = page;
      for (const { id, title, rollup } of sessions.nodes) {
        const lastActiveAt = new Date(rollup.lastActiveAt);
        if (lastActiveAt >= before) return;
        yield { id, title, sessionCount: rollup.sessionCount, lastActiveAt };
      }
      if (!sessions.pageInfo.hasNextPage) return;
      after = sessions.pageInfo.endCursor;
    }
  }

  async delete(id: string, { before }: Wanted, purge: boolean): Promise<number | null> {
    interface Activity {
      readonly session: { readonly rollup: Rollup } | null;
    }
    const { session } = await this.#client.request<Activity>(ACTIVITY, { id });
    if (!session || new Date(session.rollup.lastActiveAt) >= before) return null;
    const { deletedIds } = await this.#client.sessions.delete(id, { mode: 'CASCADE', purge });
    return deletedIds.length;
  }
}
