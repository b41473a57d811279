import type { ReadOptions } from '../../src/repository/read-options.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';

/** A recorded call: the name of the method, then its arguments without the `ReadOptions` of the request. */
export type Call = [method: string, ...args: unknown[]];

/**
 * `repository`, with every call recorded in `calls` when it arrives. `before`, if given, is awaited
 * before the call proceeds.
 */
export function watched(
  repository: SessionRepository,
  before?: (call: Call, options?: ReadOptions) => Promise<unknown> | undefined,
): { repository: SessionRepository; calls: Call[] } {
  const calls: Call[] = [];
  const proxy = new Proxy(repository, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      // It returns a function, and no promise.
      if (name === 'onChange') return method.bind(target);
      return async (...args: unknown[]) => {
        const call: Call = [String(name), ...args.filter((argument) => !isReadOptions(argument))];
        calls.push(call);
        await before?.(call, args.find(isReadOptions));
        return method.apply(target, args);
      };
    },
  });
  return { repository: proxy, calls };
}

/** A `ReadLimit` has the options too, and is recorded. */
function isReadOptions(argument: unknown): argument is ReadOptions {
  return (
    typeof argument === 'object' && argument !== null && 'onWalk' in argument && !('messages' in argument)
  );
}
