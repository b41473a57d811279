import { expect } from 'vitest';
import { atRest, type Driven } from './every-order.ts';

export interface LockCallers {
  /** The number of callers. Each is identified by its index. */
  readonly count: number;
  /** Requests the lock for `caller`, and runs `work` while holding it. */
  lock(caller: number, work: () => Promise<void>): Promise<void>;
  /** The callers that must hold the lock, given all waiting and holding callers in the order of their calls. */
  holders(inLine: readonly number[]): readonly number[];
}

/** Callers that hold a lock until the test makes them release it. Each requests it once. */
export function lockCallers({ count, lock, holders }: LockCallers): Driven {
  const callers = Array.from({ length: count }, (_, caller) => caller);
  const asked: number[] = [];
  const held = new Map<number, () => void>();
  const done = new Set<number>();
  return {
    actions: () => [
      ...callers.filter((caller) => !asked.includes(caller)).map((caller) => `ask ${caller}`),
      ...[...held.keys()].map((caller) => `let go ${caller}`),
    ],
    async act(action) {
      const caller = Number(action.at(-1));
      if (action.startsWith('ask')) {
        asked.push(caller);
        const work = () => new Promise<void>((letGo) => held.set(caller, letGo));
        void lock(caller, work).then(() => done.add(caller));
      } else {
        held.get(caller)!();
        held.delete(caller);
      }
      await atRest();
      const inLine = asked.filter((each) => !done.has(each));
      expect([...held.keys()].sort(), action).toEqual([...holders(inLine)].sort());
    },
  };
}
