import type { IndexDatabase } from '../index/database.ts';

/** A change of the index: in one call, or in steps that yield to the event loop in between. Readers see all of it or nothing. */
export type Change<T> = (() => T) | ChangeInSteps<T>;

/** What runs while nothing changes the index. */
export interface WorkAlone<T> {
  readonly alone: () => Promise<T>;
}

export interface ChangeInSteps<T> {
  readonly inSteps: (index: IndexDatabase) => Iterator<unknown, T>;
  /** Called once the transaction has ended, before anybody is told of the change. */
  readonly after?: () => void;
}

/** Makes changes in a transaction: all changes of one call, or none. */
export interface Transactions {
  atOnce(work: () => void): void;
  inSteps<T>(work: ChangeInSteps<T>['inSteps'], after?: () => void): Promise<T>;
  alone<T>(work: () => Promise<T>): Promise<T>;
}

interface Entry {
  readonly seq: number;
  /** On the clock of `performance.now()`; 0 if nobody asks for it. */
  readonly beganAt: number;
  state: 'writing' | 'written' | 'given up';
  change: Change<unknown> | WorkAlone<unknown>;
  settle: (outcome: { value: unknown } | { error: unknown }) => void;
}

/** Told of each committed mutation: how many milliseconds it took from its number until it was applied. */
export type Committed = (milliseconds: number) => void;

/**
 * The commit pipeline. A mutation takes a sequence number (`begin`). Its write to the disk runs concurrently with those of other
 * mutations. Then the mutation is applied to the index (`commit`) or dropped (`giveUp`). Mutations are applied in the order of
 * their numbers, even if their syncs finish out of order: a reader that sees one commit sees all earlier commits. Mutations that
 * are ready together share one transaction.
 */
export class CommitPipeline {
  #next: number;
  readonly #entries: Entry[] = [];
  readonly #transactions: Transactions;
  readonly #committed: Committed | null;
  #draining = false;

  /** `committed` must not throw. */
  constructor(last: number, transactions: Transactions, committed: Committed | null = null) {
    this.#next = last + 1;
    this.#transactions = transactions;
    this.#committed = committed;
  }

  /**
   * Allocates a sequence number for a mutation. The caller must finish the mutation with `commit` or `giveUp`. With `numbers` above 1,
   * that many are allocated, of which the last is the mutation's.
   */
  begin(numbers = 1): number {
    const seq = this.#next + numbers - 1;
    this.#next = seq + 1;
    const beganAt = this.#committed ? performance.now() : 0;
    this.#entries.push({ seq, beganAt, state: 'writing', change: () => {}, settle: () => {} });
    return seq;
  }

  /** Numbers allocated from now on are above `seq`. */
  follow(seq: number): void {
    this.#next = Math.max(this.#next, seq + 1);
  }

  /** To be called once the mutation is on the disk. Applies `change` after all earlier mutations; resolves with its result. */
  commit<T>(seq: number, change: Change<T> | WorkAlone<T>): Promise<T> {
    const entry = this.#entry(seq);
    return new Promise<T>((resolve, reject) => {
      entry.change = change;
      entry.settle = (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T));
      entry.state = 'written';
      this.#schedule();
    });
  }

  /** To be called when the mutation was refused or its write failed. Its number stays unused. */
  giveUp(seq: number): void {
    this.#entry(seq).state = 'given up';
    this.#schedule();
  }

  #entry(seq: number): Entry {
    const guess = this.#entries[seq - (this.#entries[0]?.seq ?? 0)];
    // Numbers without an entry are skipped, so the entry may not be at its expected place.
    const entry = guess?.seq === seq ? guess : this.#entries.find((other) => other.seq === seq);
    if (!entry) throw new Error(`Sequence number ${seq} is not under way.`);
    return entry;
  }

  /** Runs after the pending events, so that commits whose syncs finish together share one transaction. */
  #schedule(): void {
    if (this.#draining || this.#entries[0]?.state === 'writing') return;
    this.#draining = true;
    setImmediate(async () => {
      for (let ready = this.#takeReady(); ready.length > 0; ready = this.#takeReady())
        await this.#make(ready);
      this.#draining = false;
    });
  }

  /** The next mutations that are ready: a single one that is applied in steps, or all those before the next such one. */
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
      for (const [n, entry] of ready.entries()) {
        this.#committed?.(performance.now() - entry.beganAt);
        entry.settle({ value: values[n] });
      }
    } catch (error) {
      for (const entry of ready) entry.settle({ error });
    }
  }

  #transact(ready: readonly Entry[]): unknown[] | Promise<unknown[]> {
    const [{ change }] = ready as [Entry];
    if (typeof change !== 'function' && 'alone' in change)
      return this.#transactions.alone(change.alone).then((value) => [value]);
    if (typeof change !== 'function') {
      return this.#transactions.inSteps(change.inSteps, change.after).then((value) => [value]);
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
