import type { IndexDatabase } from '../index/database.ts';

/** A change of the index: in one go, or in steps between which others have a turn. It is seen whole or not at all. */
export type Change<T> = (() => T) | { readonly inSteps: (index: IndexDatabase) => Iterator<void, T> };

/** How changes are made: all of one call, or nothing. */
export interface Transactions {
  atOnce(work: () => void): void;
  inSteps<T>(work: (index: IndexDatabase) => Iterator<void, T>): Promise<T>;
}

interface Entry {
  readonly seq: number;
  state: 'writing' | 'written' | 'given up';
  change: Change<unknown>;
  settle: (outcome: { value: unknown } | { error: unknown }) => void;
}

/**
 * Hands out the store-wide sequence numbers, and makes commits visible in their order, even where their syncs end out of
 * order: a reader that has seen one commit has seen all before it.
 */
export class Sequencer {
  #next: number;
  readonly #entries: Entry[] = [];
  readonly #transactions: Transactions;
  #draining = false;

  constructor(last: number, transactions: Transactions) {
    this.#next = last + 1;
    this.#transactions = transactions;
  }

  /** The number of the mutation that is about to be written. Must be ended by `commit` or `giveUp`. */
  begin(): number {
    const seq = this.#next;
    this.#next += 1;
    this.#entries.push({ seq, state: 'writing', change: () => {}, settle: () => {} });
    return seq;
  }

  /** It is on the disk: makes `change` once all before it are made or given up, and resolves with what it returns. */
  commit<T>(seq: number, change: Change<T>): Promise<T> {
    const entry = this.#entry(seq);
    return new Promise<T>((resolve, reject) => {
      entry.change = change;
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
    setImmediate(async () => {
      for (let ready = this.#takeReady(); ready.length > 0; ready = this.#takeReady())
        await this.#make(ready);
      this.#draining = false;
    });
  }

  /** The next that are written: one that goes in steps by itself, or all before such a one. */
  #takeReady(): Entry[] {
    while (this.#entries[0]?.state === 'given up') this.#entries.shift();
    const [first] = this.#entries;
    if (first?.state !== 'written') return [];
    if (isInSteps(first)) return this.#entries.splice(0, 1);
    const end = this.#entries.findIndex((entry) => entry.state === 'writing' || isInSteps(entry));
    const ready = this.#entries.splice(0, end === -1 ? this.#entries.length : end);
    return ready.filter(({ state }) => state === 'written');
  }

  async #make(ready: readonly Entry[]): Promise<void> {
    try {
      const values = await this.#transact(ready);
      for (const [n, entry] of ready.entries()) entry.settle({ value: values[n] });
    } catch (error) {
      for (const entry of ready) entry.settle({ error });
    }
  }

  #transact(ready: readonly Entry[]): unknown[] | Promise<unknown[]> {
    const [{ change }] = ready as [Entry];
    if (typeof change !== 'function') {
      return this.#transactions.inSteps(change.inSteps).then((value) => [value]);
    }
    const values: unknown[] = [];
    this.#transactions.atOnce(() => {
      for (const entry of ready) values.push((entry.change as () => unknown)());
    });
    return values;
  }
}

function isInSteps({ change }: Entry): boolean {
  return typeof change !== 'function';
}
