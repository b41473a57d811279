/**
 * One lane a session: its writes go in order, those that wait go together, and lanes go side by side. A lane is there
 * only while it has work.
 */
export class Lanes<Job> {
  readonly #run: (id: string, jobs: Job[]) => Promise<void>;
  readonly #waiting = new Map<string, Job[]>();
  readonly #running = new Set<string>();
  readonly #held = new Map<string, Promise<void>>();
  /** The batch that a lane is writing: what `hold` waits for. The lane itself may go on waiting, held. */
  readonly #active = new Map<string, Promise<void>>();

  /** `run` does the jobs of one lane that wait; it must settle each of them, and never reject. */
  constructor(run: (id: string, jobs: Job[]) => Promise<void>) {
    this.#run = run;
  }

  submit(id: string, job: Job): void {
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.push(job);
    else this.#waiting.set(id, [job]);
    if (this.#running.has(id)) return;
    this.#running.add(id);
    this.#work(id);
  }

  /** Stops these lanes before their next jobs, once those under way have ended. Returns what lets them go on. */
  async hold(ids: readonly string[]): Promise<() => void> {
    // All at once, when nobody else holds any: two holders that took them one by one could wait for each other.
    for (let other = this.#holderOf(ids); other; other = this.#holderOf(ids)) await other;
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const id of ids) this.#held.set(id, promise);
    await Promise.all(ids.map((id) => this.#active.get(id)));
    return () => {
      for (const id of ids) this.#held.delete(id);
      resolve();
    };
  }

  #holderOf(ids: readonly string[]): Promise<void> | undefined {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held) return held;
    }
    return undefined;
  }

  async #work(id: string): Promise<void> {
    for (let jobs = this.#waiting.get(id); jobs; jobs = this.#waiting.get(id)) {
      const held = this.#held.get(id);
      if (held) {
        await held;
        continue;
      }
      this.#waiting.delete(id);
      const batch = this.#run(id, jobs);
      this.#active.set(id, batch);
      await batch;
      this.#active.delete(id);
    }
    // In the same step as the last look: a job that comes later starts the lane anew.
    this.#running.delete(id);
  }
}
