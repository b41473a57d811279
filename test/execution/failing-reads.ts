import type { SessionRepository } from '../../src/repository/repository.ts';

/** Ids of sessions that a request cannot read. */
export interface Faults {
  /** Deleted since it was listed, or unreadable. */
  readonly gone: readonly string[];
  /** Each read of these sessions, or of their messages and relatives, fails. */
  readonly broken: readonly string[];
}

/** `repository`, in which reads of some sessions fail. Reads of others in the same batch do not fail. */
export function failingReads(repository: SessionRepository, { gone, broken }: Faults): SessionRepository {
  /** A loader rejects a key whose value is an Error. */
  const orError = <Value>(ids: readonly string[], values: readonly Value[]): Value[] =>
    values.map((value, n) =>
      broken.includes(ids[n]!) ? (new Error(`The session ${ids[n]} cannot be read.`) as never) : value,
    );
  const overrides: Partial<SessionRepository> = {
    findMany: async (ids) => {
      const found = await repository.findMany(ids);
      return orError(
        ids,
        found.map((session, n) => (gone.includes(ids[n]!) ? null : session)),
      );
    },
    ancestorsOf: async (ids) => orError(ids, await repository.ancestorsOf(ids)),
    rollupsOf: async (ids) => {
      const rollups = await repository.rollupsOf(ids);
      return orError(
        ids,
        rollups.map((rollup, n) => (gone.includes(ids[n]!) ? null : rollup)),
      );
    },
    childrenOf: async (requests) =>
      orError(
        requests.map(({ parentId }) => parentId),
        await repository.childrenOf(requests),
      ),
    historyOf: async (requests, ...limits) =>
      orError(
        requests.map(({ sessionId }) => sessionId),
        await repository.historyOf(requests, ...limits),
      ),
    countHistory: async (scopes) =>
      orError(
        scopes.map(({ sessionId }) => sessionId),
        await repository.countHistory(scopes),
      ),
    findMessages: async (requests, ...limits) =>
      orError(
        requests.map(({ sessionId }) => sessionId),
        await repository.findMessages(requests, ...limits),
      ),
    countDescendants: async (ids, ...scope) => orError(ids, await repository.countDescendants(ids, ...scope)),
  };
  return new Proxy(repository, {
    get(target, name) {
      if (Object.hasOwn(overrides, name)) return Reflect.get(overrides, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
