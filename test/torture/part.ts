/** The input of a part of the suite. */
export interface PartOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Milliseconds since 1970: no round begins after it. */
  readonly deadline: number;
  /** A part that goes on after a fault ends with the first one that matches this. */
  readonly until?: RegExp | undefined;
}

/** The result of a part. `faults` is empty if the store kept its guarantees. */
export interface Outcome {
  readonly rounds: number;
  /** Mutations that the store acknowledged. */
  readonly acknowledged: number;
  readonly faults: readonly string[];
  /** What else was measured. */
  readonly note?: string;
}

/** A part of the suite: one kind of fault. */
export interface Part {
  readonly name: string;
  /** The number of rounds in the long form; `asked` is that of `--rounds`. */
  readonly rounds: (asked: number) => number;
  /** Why the part cannot run on this machine; null if it can. */
  readonly whyNot: () => string | null;
  readonly run: (options: PartOptions) => Promise<Outcome>;
}

/** The store broke a guarantee. The rest of the run would prove nothing. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** The suite itself failed, which says nothing about the store. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError';
}
