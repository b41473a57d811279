import { setTimeout as delay } from 'node:timers/promises';
import { removeIndex, verifyAtRest, verifyChecked } from './at-rest.ts';
import { MIXED, type Weights } from './mutation.ts';
import { Fault, type Outcome, type PartOptions } from './part.ts';
import { Random } from './random.ts';
import { StoreProcess } from './store-process.ts';
import type { StorageErrors, Workload } from './workload.ts';

/** A way to crash a store. */
export interface Crash {
  readonly directory: string;
  /** Crashes the store. When it returns, the store can write nothing more. */
  strike(store: StoreProcess): void;
  /** Makes the directory usable again, once the process has ended. */
  recover(): void;
  /** True if, in some rounds, the process alone is killed and restarted before the crash. */
  readonly alsoKilled: boolean;
  readonly storageErrors: StorageErrors;
  /** The most calls of `goOn` before a crash: one for each answered mutation, or about one per millisecond of a large one. */
  readonly mutations: number;
}

/** Bytes that make the journal continue in its next file. */
const HEAVY: Weights = { ...MIXED, content: 8_000, sessions: 60 };

/** Crashes a store again and again in one directory, and verifies all acknowledged mutations after each crash. */
export async function crashRounds(
  crash: Crash,
  workloadOf: (random: Random) => Workload,
  { rounds, seed, deadline }: PartOptions,
): Promise<Outcome> {
  const random = new Random(seed);
  const workload = workloadOf(random);
  let round = 0;
  const faults: string[] = [];
  try {
    for (; round < rounds && Date.now() < deadline; round += 1)
      await crashOnce(crash, workload, random, round);
    await verifyAtRest(workload, crash.directory);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    faults.push(`round ${round}: ${error.message}`);
  }
  return { rounds: round, acknowledged: workload.acknowledged, faults };
}

async function crashOnce(crash: Crash, workload: Workload, random: Random, round: number): Promise<void> {
  const { directory, storageErrors, alsoKilled } = crash;
  const killed = alsoKilled && random.oneIn(4);
  if (random.oneIn(5)) removeIndex(directory);
  if (random.oneIn(6)) await crashWhileOpening(crash, random);
  const store = await StoreProcess.open(directory);
  try {
    await workload.verify(store.reader(), directory);
    // Before anything is sent again: a retry may cover up what the recovery has missed.
    if (random.oneIn(2)) await verifyChecked(directory);
    await workload.sendAgain(store);
    await workload.verify(store.reader(), directory);

    // One at a time, so that no later write syncs what the last one should have synced.
    const lanes = random.oneIn(2) ? 1 : 8;
    let left = 1 + random.below(lanes === 1 ? 20 : crash.mutations);
    const goOn = () => {
      left -= 1;
      if (left === 0 && killed) store.kill();
      else if (left === 0) crash.strike(store);
      return left > 0;
    };
    const weights = random.oneIn(4) ? HEAVY : MIXED;
    await workload.load(store, { lanes, prefix: `${round}`, weights, storageErrors, goOn });
  } finally {
    await store.kill();
  }
  if (!killed) crash.recover();
}

/** The recovery from a crash may itself be interrupted by a crash. */
async function crashWhileOpening(crash: Crash, random: Random): Promise<void> {
  const store = new StoreProcess(crash.directory);
  await Promise.race([store.opened(), delay(150 + random.below(250))]);
  crash.strike(store);
  await store.kill();
  crash.recover();
}
