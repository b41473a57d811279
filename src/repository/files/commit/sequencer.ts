interface Entry {
  readonly seq: number;
  state: 'writing' | 'written' | 'given up';
  apply: () => unknown;
  settle: (outcome: { value: unknown } | { error: unknown }) => void;
}

/**
 * Hands out the store-wide sequence numbers, and makes commits visible in their order, even where their syncs end out of
 * order: a reader that has seen one commit has seen all before it.
 */
export class Sequencer {
  #next: number;
  readonly #entries: Entry[] = [];
  readonly #transaction: (work: () => void) => void;
  #draining = false;

  /** `transaction` runs work on the index, all of it or nothing. */
  constructor(last: number, transaction: (work: () => void) => void) {
    this.#next = last + 1;
    this.#transaction = transaction;
  }

  /** The number of the mutation that is about to be written. Must be ended by `commit` or `giveUp`. */
  begin(): number {
    const seq = this.#next;
    this.#next += 1;
    this.#entries.push({ seq, state: 'writing', apply: () => {}, settle: () => {} });
    return seq;
  }

  /** It is on the disk: runs `apply` once all before it are applied or given up, and resolves with what it returns. */
  commit<T>(seq: number, apply: () => T): Promise<T> {
    const entry = this.#entry(seq);
    return new Promise<T>((resolve, reject) => {
      entry.apply = apply;
      entry.settle = (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T));
      entry.state = 'written';
      this.#schedule();
    });
  }

  /** It was refused, or could not be written. */
  giveUp(seq: number): void {
    this.#entry(seq).state = 'given up';
    this.#schedule();
  }

  #entry(seq: number): Entry {
    const entry = this.#entries[seq - (this.#entries[0]?.seq ?? 0)];
    if (!entry) throw new Error(`Sequence number ${seq} is not under way.`);
    return entry;
  }

  /** After the events that are there to be handled, so that commits whose syncs end together share one transaction. */
  #schedule(): void {
    if (this.#draining || this.#entries[0]?.state === 'writing') return;
    this.#draining = true;
    setImmediate(() => {
      this.#draining = false;
      this.#drain();
    });
  }

  #drain(): void {
    const ended = this.#entries.findIndex((entry) => entry.state === 'writing');
    const ready = this.#entries.splice(0, ended === -1 ? this.#entries.length : ended);
    const written = ready.filter((entry) => entry.state === 'written');
    if (written.length === 0) return;
    const values: unknown[] = [];
    try {
      this.#transaction(() => {
        for (const entry of written) values.push(entry.apply());
      });
    } catch (error) {
      for (const entry of written) entry.settle({ error });
      return;
    }
    written.forEach((entry, n) => {
      entry.settle({ value: values[n] });
    });
  }
}
