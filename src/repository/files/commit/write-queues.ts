import { setImmediate as nextTurn } from 'node:timers/promises';

interface Queue<Job> {
  waiting: Job[];
  running: boolean;
  /** The running batch: `hold` waits for it. The queue's loop can go on after it, waiting for a holder. */
  active: Promise<void> | null;
  held: Promise<void> | null;
}

/** Queues that are held in one step: a millisecond of work. */
const HELD_AT_ONCE = 1_000;

/** Roughly how many idle queues are kept, so that a queue in constant use is not created again for each write. */
const IDLE_QUEUES_KEPT = 1_024;

/**
 * A write queue per session. The writes of one session run in order; all that are pending run as one batch. The queues of
 * different sessions run concurrently.
 */
export class WriteQueues<Job> {
  readonly #run: (id: string, jobs: Job[]) => Promise<void>;
  readonly #queues = new Map<string, Queue<Job>>();
  /** Settled once nobody holds more queues than are held in one step. */
  #largeHolder: Promise<void> | null = null;
  /** Number of queues at which idle ones are dropped. */
  #most = IDLE_QUEUES_KEPT;

  /** `run` gets all pending jobs of one queue. It must settle each of them, and must not reject. */
  constructor(run: (id: string, jobs: Job[]) => Promise<void>) {
    this.#run = run;
  }

  submit(id: string, job: Job): void {
    const queue = this.#queue(id);
    queue.waiting.push(job);
    if (queue.running) return;
    queue.running = true;
    this.#work(id, queue);
  }

  /** Resolves once no batch of these sessions is running. Their queues stay stopped until the returned function is called. */
  async hold(ids: readonly string[]): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held: Queue<Job>[] = [];
    const release = () => {
      for (const queue of held) queue.held = null;
      resolve();
    };
    if (ids.length <= HELD_AT_ONCE) {
      await this.#take(ids, promise, held);
      return release;
    }
    // One such holder at a time: two that took their queues in several steps could deadlock. Any other takes all its queues at
    // once, and waits for none while it holds some.
    while (this.#largeHolder) await this.#largeHolder;
    this.#largeHolder = promise;
    for (let from = 0; from < ids.length; from += HELD_AT_ONCE) {
      await this.#take(ids.slice(from, from + HELD_AT_ONCE), promise, held);
      await nextTurn();
    }
    return () => {
      this.#largeHolder = null;
      release();
    };
  }

  /** Holds queues, all at once, when none of them is held. Resolves once none of them is running. */
  async #take(ids: readonly string[], holder: Promise<void>, held: Queue<Job>[]): Promise<void> {
    const heldBy = () => ids.map((id) => this.#queues.get(id)?.held).find((other) => other);
    for (let other = heldBy(); other; other = heldBy()) await other;
    const queues = ids.map((id) => {
      const queue = this.#queue(id);
      // Set before the next queue is created: `#sweep` may drop a queue that is neither held nor running.
      queue.held = holder;
      held.push(queue);
      return queue;
    });
    await Promise.all(queues.map(({ active }) => active));
  }

  #queue(id: string): Queue<Job> {
    const known = this.#queues.get(id);
    if (known) return known;
    if (this.#queues.size >= this.#most) this.#sweep();
    const queue: Queue<Job> = { waiting: [], running: false, active: null, held: null };
    this.#queues.set(id, queue);
    return queue;
  }

  #sweep(): void {
    for (const [id, { running, held }] of this.#queues) if (!running && !held) this.#queues.delete(id);
    this.#most = Math.max(IDLE_QUEUES_KEPT, 2 * this.#queues.size);
  }

  async #work(id: string, queue: Queue<Job>): Promise<void> {
    while (queue.waiting.length > 0) {
      if (queue.held) {
        await queue.held;
        continue;
      }
      const jobs = queue.waiting;
      queue.waiting = [];
      queue.active = this.#run(id, jobs);
      await queue.active;
      queue.active = null;
    }
    // No await between the last check and this line: a later job starts the loop again.
    queue.running = false;
  }
}
