/**
 * What the mutations of a request came to, in their order. Where one is executed again, for its answer to tell an error, it is
 * not made again.
 */
export class Outcomes {
  readonly #outcomes: Promise<unknown>[];
  #next = 0;

  /** Of a first execution; of another one of the same request where its `outcomes` are given. */
  constructor(outcomes?: Outcomes) {
    this.#outcomes = outcomes ? outcomes.#outcomes : [];
  }

  /** What the next mutation came to: `make` is called where it was not made yet. */
  once<Outcome>(make: () => Promise<Outcome>): Promise<Outcome> {
    const n = this.#next;
    this.#next += 1;
    this.#outcomes[n] ??= make();
    return this.#outcomes[n] as Promise<Outcome>;
  }
}
