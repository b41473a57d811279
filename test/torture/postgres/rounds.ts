import { type PostgresServer, startPostgres } from '../../support/postgres/server.ts';
import { MIXED } from '../mutation.ts';
import { OwnTrees } from '../own-trees.ts';
import { Fault, type Outcome, type PartOptions } from '../part.ts';
import { Random } from '../random.ts';
import { Refusals } from '../refusals.ts';
import type { StorageErrors, Workload } from '../workload.ts';
import { Instances } from './instances.ts';
import { SharedTrees } from './shared-trees.ts';
import { verifyStore } from './verify-store.ts';

/** As many as `own trees` has. */
export const CLIENTS = 8;

/** As a server of production: what is committed is on the disk. */
export const DURABLE = { fsync: 'on', full_page_writes: 'on', max_connections: 100 };

/**
 * The oracles. `own trees`: each client uses only its own trees, so that exactly one state is correct. `shared trees`: clients send mutations
 * of every kind to the same trees.
 */
export type Oracle = 'own trees' | 'shared trees';

const workloadOf = (oracle: Oracle, random: Random, url: string): Workload =>
  oracle === 'own trees' ? new OwnTrees(random) : new SharedTrees(random, url);

/** What happens to a store while clients mutate it. */
export interface Trouble {
  /** Where processes find the database. */
  readonly url: string;
  readonly instances: Instances;
  readonly random: Random;
  /** Answers after which `strike` is called at the latest: after half of them at the earliest. */
  readonly answers: number;
  /** The meaning of a StorageError. All must be retryable. */
  readonly storageErrors: StorageErrors;
  /** Is called under load, and resolves once the store can be used again: the load ends with as many answers as there were before it. */
  strike(refusals: Refusals): Promise<void>;
  /** Called after the load, before the store is verified. */
  settle?(): Promise<void>;
}

/** Rounds of trouble under load. After each, nothing that was acknowledged may be lost, or have been done twice. */
export async function troubledRounds(
  trouble: Trouble,
  oracle: Oracle,
  { rounds, deadline }: Pick<PartOptions, 'rounds' | 'deadline'>,
): Promise<Outcome> {
  const workload = workloadOf(oracle, trouble.random, trouble.url);
  const faults: string[] = [];
  let refused = 0;
  let round = 0;
  try {
    for (; round < rounds && Date.now() < deadline; round += 1)
      refused += await troubleOnce(trouble, workload, round);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    faults.push(`round ${round}: ${error.message}`);
  }
  const wait = `longest wait ${(trouble.instances.longestWait / 1_000).toFixed(1)} s`;
  return {
    rounds: round,
    acknowledged: workload.acknowledged,
    faults,
    note: `${refused} mutations refused with a StorageError, ${wait}`,
  };
}

/** Resolves with the number of mutations that were refused with a StorageError. */
async function troubleOnce(trouble: Trouble, workload: Workload, round: number): Promise<number> {
  const { url, instances, random, storageErrors } = trouble;
  const refusals = new Refusals(true);
  const moment = Math.ceil((trouble.answers + random.below(trouble.answers)) / 2);
  let answers = 0;
  let end = Number.POSITIVE_INFINITY;
  let struck: Promise<void> | null = null;
  await workload.load(instances, {
    lanes: CLIENTS,
    prefix: `${round}`,
    weights: MIXED,
    storageErrors,
    goOn(refusal) {
      refusals.hear(refusal);
      answers += 1;
      if (answers === moment) {
        struck = trouble.strike(refusals).finally(() => {
          end = answers + moment;
        });
        // It is looked at once the load has ended.
        struck.catch(() => {});
      }
      return answers < end;
    },
  });
  // Clients whose answer is in doubt stop: all of them may have.
  await (struck ?? trouble.strike(refusals));
  await trouble.settle?.();
  await workload.verify(instances.reader(), null);
  await workload.sendAgain(instances);
  await workload.verify(instances.reader(), null);
  await verifyStore(url);
  return refusals.count;
}

export interface Place {
  readonly server: PostgresServer;
  readonly random: Random;
}

/** Runs `work` with a PostgreSQL of its own. */
export async function onServer<T>(
  seed: number,
  work: (place: Place) => Promise<T>,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<T> {
  const server = await startPostgres({ settings: { ...DURABLE, ...settings } });
  try {
    return await work({ server, random: new Random(seed) });
  } finally {
    await server.stop();
  }
}

/** Runs `work` with processes that have the store at `url` open. */
export async function withInstances<T>(
  options: Parameters<typeof Instances.open>[0],
  work: (instances: Instances) => Promise<T>,
): Promise<T> {
  const instances = await Instances.open(options);
  try {
    return await work(instances);
  } finally {
    await instances.kill();
  }
}
