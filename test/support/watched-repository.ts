import type { SessionRepository } from '../../src/repository/repository.ts';

/** A call that a repository got: the method's name, then its arguments. */
export type Call = [method: string, ...args: unknown[]];

/**
 * `repository`, with every call written down in `calls` when it comes in. `before`, where it is given, runs to its end
 * before the call goes on.
 */
export function watched(
  repository: SessionRepository,
  before?: (call: Call) => Promise<unknown> | undefined,
): { repository: SessionRepository; calls: Call[] } {
  const calls: Call[] = [];
  const proxy = new Proxy(repository, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const call: Call = [String(name), ...args];
        calls.push(call);
        await before?.(call);
        return method.apply(target, args);
      };
    },
  });
  return { repository: proxy, calls };
}
