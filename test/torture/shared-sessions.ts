import { load, mutate, replay, retry } from './load.ts';
import { Model } from './model.ts';
import { type Mutation, Mutations } from './mutation.ts';
import { Fault } from './part.ts';
import type { Random } from './random.ts';
import { verify } from './verify.ts';
import type { LoadOptions, Reader, Target, Workload } from './workload.ts';

/** Number of answered operations that are sent again. */
const REPLAYED_OPERATIONS = 8;

/**
 * Clients that create, find by their keys, append to, write, update and delete the same sessions concurrently. Many orders of their mutations are
 * correct: the oracle searches for one that explains all answers and all reads.
 */
export class SharedSessions implements Workload {
  readonly #model = new Model();
  readonly #random: Random;
  #unanswered: readonly Mutation[] = [];
  #cameIn: ReadonlySet<Mutation> = new Set();

  constructor(random: Random) {
    this.#random = random;
  }

  get acknowledged(): number {
    return this.#model.acknowledged;
  }

  load(store: Target, { prefix, weights, ...options }: LoadOptions): Promise<void> {
    return load(store, this.#model, new Mutations(this.#model, this.#random, prefix, weights), options);
  }

  async verify(reader: Reader, directory: string | null): Promise<void> {
    this.#unanswered = [...this.#model.underWay];
    this.#cameIn = await verify(this.#model, reader, directory);
  }

  async sendAgain(store: Target): Promise<void> {
    await retry(store, this.#model, this.#unanswered, this.#cameIn);
    await replay(store, this.#model, this.#random, REPLAYED_OPERATIONS);
  }

  async sendMore(
    store: Target,
    count: number,
    { prefix, weights }: Pick<LoadOptions, 'prefix' | 'weights'>,
  ): Promise<void> {
    const mutations = new Mutations(this.#model, this.#random, prefix, weights);
    for (const id of this.ids().slice(0, count)) {
      const answer = await mutate(store, this.#model, mutations.append(id), 'nothing');
      if (answer === 'unanswered' || 'refusal' in answer)
        throw new Fault(`"${id}" takes no more: ${JSON.stringify(answer)}`);
    }
  }

  ids(): string[] {
    return [...this.#model.sessions.keys()];
  }
}
