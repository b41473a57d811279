import { OwnTrees } from './own-trees.ts';
import type { Random } from './random.ts';
import { SharedSessions } from './shared-sessions.ts';
import type { Workload } from './workload.ts';

/**
 * The two oracles. `shared sessions`: clients race for the same sessions, so that any order that explains their answers is
 * correct. `own trees`: each client uses only its own trees, so that exactly one state is correct, and mutations of every kind
 * can be judged. `large trees`: own trees, of which one is changed as a whole, and is too large for one step of the index.
 */
export const WORKLOADS = {
  'shared sessions': (random: Random): Workload => new SharedSessions(random),
  'own trees': (random: Random): Workload => new OwnTrees(random),
  'large trees': (random: Random): Workload => new OwnTrees(random, true),
};

export type WorkloadName = keyof typeof WORKLOADS;

/** Milliseconds of a change of a large tree within which the crash falls: about those of its steps and removals. */
export const LARGE_TREE_CRASH_MS = 40;
