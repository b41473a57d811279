/** Counts what callers have open at once. */
export class OpenCounts {
  readonly #counts = new Map<string, number>();

  /** The function that gives it back, whose second call does nothing; null if the account has `most` already. */
  take(account: string, most: number): (() => void) | null {
    const count = this.#counts.get(account) ?? 0;
    if (count >= most) return null;
    this.#counts.set(account, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = this.#counts.get(account)! - 1;
      if (left > 0) this.#counts.set(account, left);
      else this.#counts.delete(account);
    };
  }
}
