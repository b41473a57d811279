/** Sessions in one go: their places take 21 bits, beside the 32 of a term. A double holds 53 exactly. */
const MOST_SESSIONS = 2 ** 21;
/** Terms in one go: 64 MiB. */
const MOST_TERMS = 2 ** 23;
/** Room for so many to begin with. */
const FEW = 1_024;

/** Terms of sessions as they come, to be put into their order all at once: a tenth of the time that SQLite takes to sort them. */
export class WaitingTerms {
  /** Each is a term and, in its lowest bits, the place of its session in `#sequences`. */
  #pairs = new Float64Array(FEW);
  #count = 0;
  #sequences: number[] = [];

  /** Is there no room for the terms of one more session, of which there are so many? */
  isFull(terms: number): boolean {
    return this.#sequences.length === MOST_SESSIONS || this.#count + terms > MOST_TERMS;
  }

  /** `seq` is the number of a session that was not added before. */
  add(seq: number, terms: readonly number[]): void {
    if (this.#count + terms.length > this.#pairs.length) this.#grow();
    const place = this.#sequences.push(seq) - 1;
    for (const term of terms) {
      this.#pairs[this.#count] = term * MOST_SESSIONS + place;
      this.#count += 1;
    }
  }

  /** Gives all, by term and then as they came, in rows of a term and the number of a session; so many rows at a time, at most. */
  *takeInOrder(rows: number): Generator<number[]> {
    const pairs = this.#pairs.subarray(0, this.#count).sort();
    const sequences = this.#sequences;
    this.#pairs = new Float64Array(FEW);
    this.#count = 0;
    this.#sequences = [];
    for (let from = 0; from < pairs.length; from += rows) {
      const values: number[] = [];
      for (const pair of pairs.subarray(from, from + rows)) {
        const term = Math.floor(pair / MOST_SESSIONS);
        values.push(term, sequences[pair - term * MOST_SESSIONS]!);
      }
      yield values;
    }
  }

  #grow(): void {
    const larger = new Float64Array(2 * this.#pairs.length);
    larger.set(this.#pairs);
    this.#pairs = larger;
  }
}
