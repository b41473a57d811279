import type { MercuriusLoaders } from 'mercurius';
import type { Limits } from '../../../src/model/limits.ts';
import type { MessageRole } from '../../../src/model/message.ts';
import type { Session } from '../../../src/model/session.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { connection, type PageArguments, pageRequest } from './connection.ts';

interface Query<Params> {
  readonly obj: Session;
  readonly params: Params;
}

/** A tree has no session twice: a cache would cost more than it saves. */
const opts = { cache: false };

/** The loaders: Mercurius collects one level into one call of the repository. */
export function loadersOf(repository: SessionRepository, limits: Limits): MercuriusLoaders {
  return {
    Session: {
      parent: (queries: Query<object>[]) => repository.findMany(queries.map(({ obj }) => obj.parentId ?? '')),
      root: (queries: Query<object>[]) => repository.findMany(queries.map(({ obj }) => obj.rootId)),
      children: {
        opts,
        loader: async (queries: Query<PageArguments>[]) => {
          const requests = queries.map(({ obj, params }) => ({
            parentId: obj.id,
            page: pageRequest<number>(params, limits.pageSize),
          }));
          const pages = await repository.childrenOf(requests);
          return pages.map((page, n) =>
            connection(page, requests[n]!.page, ({ arrival }) => arrival, queries[n]!.obj.childCount),
          );
        },
      },
      descendants: {
        opts,
        loader: (queries: Query<PageArguments & { maxDepth?: number | null }>[]) =>
          byParams(queries, async (ids, params) => {
            const request = pageRequest<string>(params, limits.descendantsPageSize);
            const pages = await repository.descendantsOf(ids, request, params.maxDepth ?? null);
            return pages.map((page) => connection(page, request, ({ id }) => id));
          }),
      },
      history: {
        opts,
        loader: async (queries: Query<PageArguments & { roles?: MessageRole[] | null }>[]) => {
          const requests = queries.map(({ obj, params }) => ({
            sessionId: obj.id,
            roles: params.roles,
            page: pageRequest<number>(params, limits.pageSize),
          }));
          const pages = await repository.historyOf(requests, limits.textBytes);
          return pages.map((page, n) =>
            connection(page, requests[n]!.page, ({ ordinal }) => ordinal, queries[n]!.obj.historyLength),
          );
        },
      },
    },
  } as unknown as MercuriusLoaders;
}

/** One call of `read` for all requests with equal arguments. Aliases can have different ones. */
async function byParams<Params, Value>(
  queries: readonly Query<Params>[],
  read: (ids: string[], params: Params) => Promise<Value[]>,
): Promise<Value[]> {
  const values = new Map<Query<Params>, Value>();
  for (const group of Map.groupBy(queries, ({ params }) => JSON.stringify(params)).values()) {
    const ids = group.map(({ obj }) => obj.id);
    const found = await read(ids, group[0]!.params);
    for (const [n, query] of group.entries()) values.set(query, found[n]!);
  }
  return queries.map((query) => values.get(query)!);
}
