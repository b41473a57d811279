import { SuiteError } from '../part.ts';
import type { Random } from '../random.ts';
import { StoreProcess, type Surroundings } from '../store-process.ts';
import type { Reader, Target } from '../workload.ts';

export interface InstancesOptions {
  /** Where each of them finds the database. */
  readonly url: string;
  readonly random: Random;
  /** Default: 2. */
  readonly count?: number;
  readonly surroundings?: Surroundings;
}

/** Processes that have one store in a database open. Each mutation goes to any of them. */
export class Instances implements Target {
  readonly treeLogSize = 0;
  readonly #options: InstancesOptions;
  #open: StoreProcess[] = [];
  /** The most milliseconds that a mutation has waited for its answer. */
  longestWait = 0;

  private constructor(options: InstancesOptions) {
    this.#options = options;
  }

  static async open(options: InstancesOptions): Promise<Instances> {
    const instances = new Instances(options);
    try {
      await Promise.all(Array.from({ length: options.count ?? 2 }, () => instances.add()));
    } catch (error) {
      await instances.kill();
      throw error;
    }
    return instances;
  }

  get all(): readonly StoreProcess[] {
    return this.#open;
  }

  /** One of them. */
  get any(): StoreProcess {
    if (this.#open.length === 0) throw new SuiteError('No process has the store open.');
    return this.#options.random.pick(this.#open);
  }

  get mutate(): StoreProcess['mutate'] {
    return async (mutation) => {
      const begun = performance.now();
      const answer = await this.any.mutate(mutation);
      this.longestWait = Math.max(this.longestWait, performance.now() - begun);
      return answer;
    };
  }

  reader(): Reader {
    return this.any.reader();
  }

  /** Opens the store once more. */
  async add(): Promise<void> {
    this.#open.push(await StoreProcess.open(this.#options.url, this.#options.surroundings));
  }

  /** kill -9 of any of them, whose mutations stay without an answer. */
  async killOne(): Promise<void> {
    const killed = this.any;
    this.#open = this.#open.filter((instance) => instance !== killed);
    await killed.kill();
  }

  /** kill -9 of all. */
  async kill(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((instance) => instance.kill()));
  }
}
