import { setImmediate as nextTurn } from 'node:timers/promises';

/** A system that a test drives, one action at a time. */
export interface Driven {
  /** The names of the possible next actions. Empty at the end of an order. */
  actions(): readonly string[];
  /** Performs an action, and checks the result once all promises have settled. */
  act(action: string): Promise<void>;
}

/** Resolves once all pending promise callbacks have run. Works only without I/O. */
export async function atRest(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

/**
 * Tries every possible order of the actions, each from a new start. Returns the number of orders.
 * If a check fails, its message begins with the actions that led to the failure.
 */
export async function inEveryOrder(begin: () => Driven): Promise<number> {
  let orders = 0;
  const unexplored: string[][] = [[]];
  for (let path = unexplored.pop(); path; path = unexplored.pop()) {
    const driven = begin();
    for (const action of path) {
      await driven.act(action).catch((error: Error) => {
        error.message = `after ${path.join(', ')}: ${error.message}`;
        throw error;
      });
    }
    const next = driven.actions();
    if (next.length === 0) orders += 1;
    for (const action of next) unexplored.push([...path, action]);
  }
  return orders;
}
