import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Gives a function whose promise resolves in a turn of the event loop that no other caller has. To write a long answer as JSON blocks the
 * thread for as long as it should at most, so that two must not share a turn.
 */
export function createOwnTurn(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => nextTurn());
    return last;
  };
}
