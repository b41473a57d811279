import { FIXTURE_COUNT, SMALL_TREE_COUNT } from './content.ts';
import { SEARCHABLE_LENGTH } from './searchable.ts';

/** Changes with every change of what is written: stores of another version are made again. */
export const GENERATOR_VERSION = 1;

/** A store to be made. */
export interface StorePlan {
  readonly name: string;
  /** Ordinary sessions. */
  readonly ordinary: number;
  /** Does it have `wide` and `tree`? */
  readonly fixtures: boolean;
  /** Does it have `small`, the tree of 341? */
  readonly smallTree?: boolean;
  /** Messages of the session `history`; 0 for no such session. */
  readonly history: number;
  /** Is each message of it a line of its own, but for the first two? Else an exchange is. */
  readonly oneALine?: boolean;
  /** Messages to be searched, a hundred in a session. */
  readonly searchable?: number;
}

/** The stores that one size is measured on. */
export interface SizePlan {
  readonly size: number;
  /** `size` sessions. */
  readonly sessions: StorePlan;
  /** The same with `wide` and `tree`: a store that is large enough holds them among its own. */
  readonly trees: StorePlan;
  /** A session with `size` messages, among a thousand others. */
  readonly history: StorePlan;
  /** `size` messages to be searched. */
  readonly search: StorePlan;
}

export function planOf(size: number): SizePlan {
  const roomy = size >= 5 * FIXTURE_COUNT;
  const ordinary = roomy ? size - FIXTURE_COUNT : size;
  const sessions = { name: `sessions-${size}`, ordinary, fixtures: roomy, history: 0 };
  return {
    size,
    sessions,
    trees: roomy ? sessions : { name: `trees-${size}`, ordinary, fixtures: true, history: 0 },
    history: { name: `history-${size}`, ordinary: 1_000, fixtures: false, history: size },
    search: { name: `search-${size}`, ordinary: 0, fixtures: false, history: 0, searchable: size },
  };
}

export type StoreName = Exclude<keyof SizePlan, 'size'>;

/** The stores of these names, each once. */
export function distinctStores(plans: readonly SizePlan[], names: readonly StoreName[]): StorePlan[] {
  return [...new Set(plans.flatMap((plan) => names.map((name) => plan[name])))];
}

/** Everything in one store of `size` sessions: `wide`, both trees, and a history of `size` messages. */
export function wholePlan(size: number): StorePlan {
  const plan = { name: `whole-${size}`, ordinary: 0, fixtures: true, smallTree: true, history: size };
  return { ...plan, ordinary: size - sessionCount(plan) };
}

export function sessionCount({ ordinary, fixtures, smallTree, history, searchable = 0 }: StorePlan): number {
  return (
    ordinary +
    (fixtures ? FIXTURE_COUNT : 0) +
    (smallTree ? SMALL_TREE_COUNT : 0) +
    (history > 0 ? 1 : 0) +
    Math.ceil(searchable / SEARCHABLE_LENGTH)
  );
}

/** What a store takes: a file and its part of the index for each session, the same for each message; full text besides. */
export function needOf(plan: StorePlan): { bytes: number; inodes: number } {
  const sessions = sessionCount(plan);
  return {
    bytes: sessions * 6_000 + plan.history * 400 + (plan.searchable ?? 0) * 1_200,
    inodes: sessions + 300,
  };
}
