import type { SessionRepository } from '../../repository/repository.ts';
import { STORE_BEHIND } from '../../repository/scoped/scoped-repository.ts';

/** Is told of a call of the store; what it returns, of the end of the call, with the error if it failed. */
export type CallObserver = (method: string) => (error?: unknown) => void;

/** Methods whose time says nothing: they return at once, with a function or an iterator. */
const UNTIMED: ReadonlySet<string | symbol> = new Set(['onChange', 'dump']);

type Method = (...args: unknown[]) => unknown;

/** `store`, with each call told to `observe`. Its answers are those of `store`, untouched. */
export function timedStore(store: SessionRepository, observe: CallObserver): SessionRepository {
  return new Proxy(store, {
    get(target, name) {
      if (name === STORE_BEHIND) return target;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (UNTIMED.has(name)) return member.bind(target);
      return (...args: unknown[]) =>
        timedCall(() => (member as Method).apply(target, args), observe(String(name)));
    },
  });
}

/** A store may answer from memory at once, in place of a promise. */
function timedCall(call: () => unknown, ended: ReturnType<CallObserver>): unknown {
  try {
    const answer = call();
    if (answer instanceof Promise) answer.then(() => ended(), ended);
    else ended();
    return answer;
  } catch (error) {
    ended(error);
    throw error;
  }
}
