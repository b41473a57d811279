import { BUSY_TREE_COUNT, FIXTURE_COUNT, SMALL_TREE_COUNT, sessionsOfRoots } from './content.ts';
import { SEARCHABLE_LENGTH } from './searchable.ts';

/** To be raised with each change of the generated files: stores of another version are generated again. */
export const GENERATOR_VERSION = 1;

/** A store to generate. */
export interface StorePlan {
  readonly name: string;
  /** Ordinary sessions. */
  readonly ordinary: number;
  /** True for a store with `wide` and `tree`. */
  readonly fixtures: boolean;
  /** True for a store with `small`, the tree of 341 sessions. */
  readonly smallTree?: boolean;
  /** Number of roots, of which one in ten has a child. */
  readonly roots?: number;
  /** True for a store with `busy`, a tree of 11,111 sessions, of which one in a hundred is under way. */
  readonly busyTree?: boolean;
  /** Number of messages of the session `history`; 0 for no such session. */
  readonly history: number;
  /** True if each message of it has a line of its own, except the first two. Otherwise each exchange has one. */
  readonly oneALine?: boolean;
  /** Number of messages for searches, a hundred per session. */
  readonly searchable?: number;
}

/** The stores for measurements at one size. */
export interface SizePlan {
  readonly size: number;
  /** `size` sessions. */
  readonly sessions: StorePlan;
  /** The same with `wide` and `tree`. A store that is large enough has them among its `size` sessions. */
  readonly trees: StorePlan;
  /** A session with `size` messages, among a thousand others. */
  readonly history: StorePlan;
  /** `size` messages for searches. */
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

/** One store of `size` sessions with everything: `wide`, both trees, and a history of `size` messages. */
export function wholePlan(size: number): StorePlan {
  const plan = { name: `whole-${size}`, ordinary: 0, fixtures: true, smallTree: true, history: size };
  return { ...plan, ordinary: size - sessionCount(plan) };
}

export function sessionCount({
  ordinary,
  fixtures,
  smallTree,
  roots = 0,
  busyTree,
  history,
  searchable = 0,
}: StorePlan): number {
  return (
    ordinary +
    (fixtures ? FIXTURE_COUNT : 0) +
    (smallTree ? SMALL_TREE_COUNT : 0) +
    sessionsOfRoots(roots) +
    (busyTree ? BUSY_TREE_COUNT : 0) +
    (history > 0 ? 1 : 0) +
    Math.ceil(searchable / SEARCHABLE_LENGTH)
  );
}

/** The disk space of a store: a file and index rows per session, a line and index rows per message, and full text. */
export function needOf(plan: StorePlan): { bytes: number; inodes: number } {
  const sessions = sessionCount(plan);
  return {
    bytes: sessions * 6_000 + plan.history * 400 + (plan.searchable ?? 0) * 1_200,
    inodes: sessions + 300,
  };
}
