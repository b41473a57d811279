import { setTimeout as delay } from 'node:timers/promises';
import { removeIndex, verifyAtRest, verifyChecked } from './at-rest.ts';
import { load, replay, retry } from './load.ts';
import { Model, type StorageErrors } from './model.ts';
import { MIXED, Mutations, type Weights } from './mutation.ts';
import { Fault, type Outcome, type PartOptions } from './part.ts';
import { Random } from './random.ts';
import { StoreProcess } from './store-process.ts';
import { verify } from './verify.ts';

/** A way to take a store away from one moment to the next. */
export interface Crash {
  readonly directory: string;
  /** Takes it away before it returns, as far as the store can tell. */
  strike(store: StoreProcess): void;
  /** Brings it back, once the process is gone. */
  recover(): void;
  /** Is the process killed by itself in some rounds, and starts again before the next stroke? */
  readonly alsoKilled: boolean;
  readonly storageErrors: StorageErrors;
  /** How many mutations are acknowledged between two crashes, at most. */
  readonly mutations: number;
}

/** So much that the journal goes on to its next file. */
const HEAVY: Weights = { ...MIXED, content: 8_000, sessions: 60 };

/** Crash after crash on one directory, which grows; what was acknowledged is compared after each. */
export async function crashRounds(crash: Crash, { rounds, seed, deadline }: PartOptions): Promise<Outcome> {
  const random = new Random(seed);
  const model = new Model();
  let round = 0;
  const faults: string[] = [];
  try {
    for (; round < rounds && Date.now() < deadline; round += 1) await crashOnce(crash, model, random, round);
    await verifyAtRest(model, crash.directory);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    faults.push(`round ${round}: ${error.message}`);
  }
  return { rounds: round, acknowledged: model.acknowledged, faults };
}

async function crashOnce(crash: Crash, model: Model, random: Random, round: number): Promise<void> {
  const { directory, storageErrors, alsoKilled } = crash;
  const killed = alsoKilled && random.oneIn(4);
  if (random.oneIn(5)) removeIndex(directory);
  if (random.oneIn(6)) await crashWhileOpening(crash, random);
  const store = await StoreProcess.open(directory);
  try {
    const unanswered = [...model.underWay];
    const cameIn = await verify(model, store.reader(), directory);
    await retry(store, model, unanswered, cameIn);
    await replay(store, model, random, 8);
    await verify(model, store.reader(), directory);
    if (random.oneIn(10)) await verifyChecked(directory);

    // One at a time, nothing else syncs what the last one forgot to.
    const lanes = random.oneIn(2) ? 1 : 8;
    let left = 1 + random.below(lanes === 1 ? 20 : crash.mutations);
    const goOn = () => {
      left -= 1;
      if (left === 0 && killed) store.kill();
      else if (left === 0) crash.strike(store);
      return left > 0;
    };
    const weights = random.oneIn(4) ? HEAVY : MIXED;
    await load(store, model, new Mutations(model, random, `${round}`, weights), {
      lanes,
      storageErrors,
      goOn,
    });
  } finally {
    await store.kill();
  }
  if (!killed) crash.recover();
}

/** The way back from a crash may end in a crash. */
async function crashWhileOpening(crash: Crash, random: Random): Promise<void> {
  const store = new StoreProcess(crash.directory);
  await Promise.race([store.opened(), delay(150 + random.below(250))]);
  crash.strike(store);
  await store.kill();
  crash.recover();
}
