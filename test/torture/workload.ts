import type { SessionReader } from '../../src/repository/repository.ts';
import type { Weights } from './mutation.ts';
import type { Answer, StoreProcess } from './store-process.ts';
import type { Refusal } from './worker-messages.ts';

/** Reads from a store: the store itself, or a process that has it open. */
export type Reader = Pick<
  SessionReader,
  'findMany' | 'findByKeys' | 'childrenOf' | 'historyOf' | 'rollupsOf' | 'list' | 'count' | 'status'
>;

/**
 * The meaning of a StorageError: it must not happen (`fault`); the mutation left nothing behind (`nothing`); it may
 * have taken effect or not, because the store crashed meanwhile (`unknown`); the error itself says which of these two (`told`).
 */
export type StorageErrors = 'fault' | 'nothing' | 'unknown' | 'told';

/** What mutations are sent to: a process that has the store open, or several of them. */
export type Target = Pick<StoreProcess, 'mutate' | 'treeLogSize'>;

export interface LoadOptions {
  /** Concurrent mutations. */
  readonly lanes: number;
  /** The prefix of all names that this load generates. */
  readonly prefix: string;
  readonly weights: Weights;
  readonly storageErrors: StorageErrors;
  /**
   * Called after each answer, before the next mutation. With a large tree, called about once a millisecond while that tree is
   * changed. False ends the load.
   */
  readonly goOn: (refusal: Refusal | null) => boolean;
}

/**
 * Clients that mutate a store, with the oracle of the suite: the record of which mutations were acknowledged, and which
 * were sent without an answer.
 */
export interface Workload {
  /** Mutations that the store acknowledged. */
  readonly acknowledged: number;

  /** Mutates the store until the store is gone, or `goOn` returns false. */
  load(store: Target, options: LoadOptions): Promise<void>;

  /**
   * Compares the state of the store with the acknowledged mutations. Each unanswered mutation may have taken effect or not,
   * but not partly; from then on it counts as it was found. `directory` is that of the files; null for a store in a database.
   * Throws a Fault.
   */
  verify(reader: Reader, directory: string | null): Promise<void>;

  /** Resends the mutations that were unanswered before the last `verify`, and some answered ones, with the same operation ids. */
  sendAgain(store: Target): Promise<void>;

  /** Sends up to `count` mutations that the store has no reason to refuse. Throws a Fault if it refuses one. */
  sendMore(store: Target, count: number, options: Pick<LoadOptions, 'prefix' | 'weights'>): Promise<void>;

  /** The ids of all sessions that must exist. */
  ids(): string[];
}

/** True if a mutation that was refused with a StorageError may have taken effect. */
export function isInDoubt({ isOutcomeUnknown }: Refusal, storageErrors: StorageErrors): boolean {
  return storageErrors === 'unknown' || (storageErrors === 'told' && isOutcomeUnknown === true);
}

/** True if a client must stop after `answer`: the store is gone, or later answers could not be predicted. */
export function ends(answer: Answer<unknown>, storageErrors: StorageErrors): boolean {
  if (answer === 'unanswered') return true;
  // Whether the mutation took effect is unknown.
  return (
    'refusal' in answer && answer.refusal.name === 'StorageError' && isInDoubt(answer.refusal, storageErrors)
  );
}
