import { setTimeout as delay } from 'node:timers/promises';
import { LargeTree } from './own-trees/large-tree.ts';
import { TreeClient } from './own-trees/tree-client.ts';
import { TreeMutations } from './own-trees/tree-mutations.ts';
import { Fault } from './part.ts';
import type { Random } from './random.ts';
import { recordsOf, verifyList, verifyNoFile } from './verify.ts';
import { ends, type LoadOptions, type Reader, type Target, type Workload } from './workload.ts';

/** More clients than any load has. */
const CLIENTS = 8;
const REPLAYED_OPERATIONS_PER_CLIENT = 2;

/**
 * Clients that each use only trees of their own, and send mutations of every kind: fork, move, archive, unarchive,
 * truncate, redact, delete in all modes, writes to histories, beside create, append and update. What the store holds of one client must be just what its
 * model says. With `hasLargeTree`, the first client changes only a tree that is too large for one step of the index, and the load
 * ends during such a change or just after it.
 */
export class OwnTrees implements Workload {
  readonly #clients = Array.from({ length: CLIENTS }, () => new TreeClient());
  readonly #random: Random;
  readonly #hasLargeTree: boolean;

  constructor(random: Random, hasLargeTree = false) {
    this.#random = random;
    this.#hasLargeTree = hasLargeTree;
  }

  get acknowledged(): number {
    return this.#clients.reduce((sum, client) => sum + client.acknowledged, 0);
  }

  async load(store: Target, { lanes, prefix, weights, storageErrors, goOn }: LoadOptions): Promise<void> {
    const [first] = this.#clients as [TreeClient];
    const largeTree = this.#hasLargeTree ? new LargeTree(this.#random, `large.${prefix}`) : null;
    await largeTree?.create(first, store);
    let going = true;
    // A redaction takes as long as a hundred appends: most loads have none.
    const redacts = (storageErrors === 'fault' || storageErrors === 'told') && this.#random.oneIn(4);
    const changeLargeTree = async (tree: LargeTree) => {
      for (let next = tree.next(first.model); going && next; next = tree.next(first.model)) {
        const before = store.treeLogSize;
        const answer = first.send(store, next, storageErrors);
        const answered = answer.then(() => true);
        // The line in the log is the commit: mostly, the crash falls into what follows.
        const isEarly = this.#random.oneIn(3);
        while (going && !(await Promise.race([answered, delay(1, false)])))
          if (isEarly || store.treeLogSize > before) going = goOn(null);
        if (ends(await answer, storageErrors)) return;
      }
      // The tree is deleted: a crash that follows the answer must not undo the deletion.
      while (going) going = goOn(null);
    };
    const run = async (client: TreeClient, n: number) => {
      if (largeTree && client === first)
        return changeLargeTree(largeTree).finally(() => {
          // Only this client calls `goOn`, so no other one would end.
          going = false;
        });
      const mutations = new TreeMutations(this.#random, `c${n}.${prefix}`, weights, redacts);
      while (going) {
        const answer = await client.send(store, mutations.next(client.model), storageErrors);
        if (answer !== 'unanswered' && !largeTree)
          going = going && goOn('refusal' in answer ? answer.refusal : null);
        if (ends(answer, storageErrors)) return;
      }
    };
    // Waits for all, even if one finds a fault: each client must get its answer.
    const ended = await Promise.allSettled(this.#clients.slice(0, lanes).map(run));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  async verify(reader: Reader, directory: string | null): Promise<void> {
    const { quarantined } = await reader.status();
    if (quarantined.length > 0) throw new Fault(`quarantined: ${JSON.stringify(quarantined.slice(0, 5))}`);
    for (const client of this.#clients) await client.verify(reader);
    await verifyList(this.ids(), reader);
    if (directory === null) return;
    for (const { model } of this.#clients) {
      for (const id of model.deleted) verifyNoFile(id, directory);
      for (const id of model.sessions.keys()) recordsOf(id, directory);
    }
  }

  async sendAgain(store: Target): Promise<void> {
    for (const client of this.#clients)
      await client.sendAgain(store, this.#random, REPLAYED_OPERATIONS_PER_CLIENT);
  }

  async sendMore(
    store: Target,
    count: number,
    { prefix, weights }: Pick<LoadOptions, 'prefix' | 'weights'>,
  ): Promise<void> {
    const [client] = this.#clients as [TreeClient];
    const mutations = new TreeMutations(this.#random, `c0.${prefix}`, weights);
    for (let n = 0; n < count; n += 1) await client.send(store, mutations.nextWelcome(), 'fault');
  }

  ids(): string[] {
    return this.#clients.flatMap(({ model }) => [...model.sessions.keys()]);
  }
}
