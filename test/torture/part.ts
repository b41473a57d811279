/** What a part of the suite is given. */
export interface PartOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Milliseconds since 1970: no round begins after it. */
  readonly deadline: number;
}

/** What a part came to. `faults` is empty where the store kept its promises. */
export interface Outcome {
  readonly rounds: number;
  /** Mutations that the store acknowledged. */
  readonly acknowledged: number;
  readonly faults: readonly string[];
}

/** A way to torture a store. */
export interface Part {
  readonly name: string;
  /** Of the long form. */
  readonly rounds: (asked: number) => number;
  /** Why it cannot run on this machine; null where it can. */
  readonly whyNot: () => string | null;
  readonly run: (options: PartOptions) => Promise<Outcome>;
}

/** The store broke a promise. What follows it in the same run would prove nothing. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** The suite could not do its work: that says nothing of the store. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError';
}
