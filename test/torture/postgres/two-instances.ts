import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { Replica, readsOf } from '../../support/replica.ts';
import { MIXED } from '../mutation.ts';
import { Fault, type Outcome, type Part } from '../part.ts';
import type { StoreProcess } from '../store-process.ts';
import { CLIENTS, onServer, withInstances } from './rounds.ts';
import { SharedTrees } from './shared-trees.ts';
import { verifyStore } from './verify-store.ts';

/** Answers of a round. */
const ANSWERS = 300;
/** Milliseconds between two pages of a reader, at most. */
const PAUSE_MS = 30;
const PAGE = 7;

/** Two instances with mutations of every kind in the same trees, and readers of changes through both. */
export const twoInstances: Part = {
  name: 'two instances, every kind of mutation on the same trees',
  rounds: (asked) => asked,
  whyNot: () => null,
  run: ({ seed, rounds, deadline }) =>
    onServer(seed, ({ server, random }) =>
      withInstances({ url: server.url, random }, async (instances) => {
        const workload = new SharedTrees(random, server.url);
        const readers = await Promise.all(instances.all.map(Reader.open));
        let round = 0;
        const outcome = (faults: readonly string[]): Outcome => ({
          rounds: round,
          acknowledged: workload.acknowledged,
          faults,
          note: `${workload.refused} refused; ${readers.map(({ changes }) => changes).join(' and ')} changes read`,
        });
        try {
          for (; round < rounds && Date.now() < deadline; round += 1) {
            let left = ANSWERS;
            const goOn = () => --left > 0;
            const loading = workload.load(instances, {
              lanes: CLIENTS,
              prefix: `${round}`,
              weights: MIXED,
              storageErrors: 'fault',
              goOn,
            });
            let isLoading = true;
            const reading = readers.map(async (reader) => {
              while (isLoading) {
                await reader.page();
                await delay(random.below(PAUSE_MS));
              }
            });
            await loading.finally(() => {
              isLoading = false;
            });
            await Promise.all(reading);
            for (const reader of readers) await reader.verify();
            await workload.verify();
            await workload.sendAgain(instances);
            await verifyStore(server.url);
          }
          return outcome([]);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          return outcome([`round ${round}: ${error.message}`]);
        }
      }),
    ),
};

/** Follows the whole store through one instance, page by page. */
class Reader {
  readonly #store: StoreProcess;
  readonly #replica: Replica;
  #mark: string;
  changes = 0;

  private constructor(store: StoreProcess, replica: Replica, mark: string) {
    this.#store = store;
    this.#replica = replica;
    this.#mark = mark;
  }

  static async open(this: void, store: StoreProcess): Promise<Reader> {
    const replica = replicaOf(store);
    const mark = await store.get('mark');
    await replica.readAll();
    return new Reader(store, replica, mark);
  }

  /** Resolves with true once there is no more. */
  async page(): Promise<boolean> {
    const page = await this.#store.get('changesSince', { within: null, after: this.#mark, limit: PAGE });
    if (page.isReset) throw new Fault(`a reset after ${this.#mark}`);
    await this.#replica.apply(page);
    this.changes += page.changes.length;
    this.#mark = page.mark;
    return page.isUpToDate;
  }

  /** While nothing happens in the store: what was told of must be what a fresh read gives. */
  async verify(): Promise<void> {
    while (!(await this.page()));
    const fresh = replicaOf(this.#store);
    await fresh.readAll();
    for (const id of new Set([...fresh.held.keys(), ...this.#replica.held.keys()])) {
      const [expected, held] = [fresh.held.get(id), this.#replica.held.get(id)];
      if (!isDeepStrictEqual(held, expected))
        throw new Fault(`a reader holds ${JSON.stringify(held)}, expected ${JSON.stringify(expected)}`);
    }
  }
}

function replicaOf(store: StoreProcess): Replica {
  const repository = new Proxy({} as SessionRepository, {
    get:
      (_, method) =>
      (...args: never[]) =>
        store.get(method as 'findMany', ...(args as unknown as Parameters<SessionRepository['findMany']>)),
  });
  return new Replica(
    readsOf(() => repository),
    null,
  );
}
