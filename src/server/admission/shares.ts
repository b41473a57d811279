/** The share of a room that one account takes at most. The rest is left to others, however slow that account's requests are. */
const SHARE_OF_ACCOUNT = 1 / 2;

/** What each account has of something that has `capacity`. */
export class Shares {
  readonly #most: number;
  readonly #taken = new Map<string, number>();

  constructor(capacity: number) {
    this.#most = capacity * SHARE_OF_ACCOUNT;
  }

  /** True if the account may have `more`. It always may have one thing, however large. Null may have all. */
  allows(account: string | null, more: number): boolean {
    if (account === null) return true;
    const taken = this.#taken.get(account) ?? 0;
    return taken === 0 || taken + more <= this.#most;
  }

  /** Changes what the account has by `change`. */
  add(account: string | null, change: number): void {
    if (account === null) return;
    const taken = (this.#taken.get(account) ?? 0) + change;
    if (taken > 0) this.#taken.set(account, taken);
    else this.#taken.delete(account);
  }
}
