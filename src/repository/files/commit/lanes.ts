interface Lane<Job> {
  waiting: Job[];
  running: boolean;
  /** What is being written: what `hold` waits for. The lane itself may go on waiting, held. */
  active: Promise<void> | null;
  held: Promise<void> | null;
}

/** Lanes without work that are kept, about: one that is used again and again is not made anew each time. */
const KEPT = 1_024;

/**
 * One lane a session: its writes go in order, those that wait go together, and lanes go side by side.
 */
export class Lanes<Job> {
  readonly #run: (id: string, jobs: Job[]) => Promise<void>;
  readonly #lanes = new Map<string, Lane<Job>>();
  /** So many lanes, and those without work go. */
  #most = KEPT;

  /** `run` does the jobs of one lane that wait; it must settle each of them, and never reject. */
  constructor(run: (id: string, jobs: Job[]) => Promise<void>) {
    this.#run = run;
  }

  submit(id: string, job: Job): void {
    const lane = this.#lane(id);
    lane.waiting.push(job);
    if (lane.running) return;
    lane.running = true;
    this.#work(id, lane);
  }

  /** Stops these lanes before their next jobs, once those under way have ended. Returns what lets them go on. */
  async hold(ids: readonly string[]): Promise<() => void> {
    const heldBy = () => ids.map((id) => this.#lanes.get(id)?.held).find((holder) => holder);
    // All at once, when nobody else holds any: two holders that took them one by one could wait for each other.
    for (let other = heldBy(); other; other = heldBy()) await other;
    const { promise, resolve } = Promise.withResolvers<void>();
    const lanes = ids.map((id) => {
      const lane = this.#lane(id);
      // At once: one that is neither held nor running may go when the next is made.
      lane.held = promise;
      return lane;
    });
    await Promise.all(lanes.map(({ active }) => active));
    return () => {
      for (const lane of lanes) lane.held = null;
      resolve();
    };
  }

  #lane(id: string): Lane<Job> {
    const known = this.#lanes.get(id);
    if (known) return known;
    if (this.#lanes.size >= this.#most) this.#sweep();
    const lane: Lane<Job> = { waiting: [], running: false, active: null, held: null };
    this.#lanes.set(id, lane);
    return lane;
  }

  #sweep(): void {
    for (const [id, { running, held }] of this.#lanes) if (!running && !held) this.#lanes.delete(id);
    this.#most = Math.max(KEPT, 2 * this.#lanes.size);
  }

  async #work(id: string, lane: Lane<Job>): Promise<void> {
    while (lane.waiting.length > 0) {
      if (lane.held) {
        await lane.held;
        continue;
      }
      const jobs = lane.waiting;
      lane.waiting = [];
      lane.active = this.#run(id, jobs);
      await lane.active;
      lane.active = null;
    }
    // In the same step as the last look: a job that comes later starts the lane anew.
    lane.running = false;
  }
}
