/** Milliseconds until changes reached the subscribers. JSON has no infinity: null stands for it. */
export interface Latency {
  /** From the answers to the mutations. Negative where a change came before the answer. */
  readonly median: number | null;
  readonly p95: number | null;
  /** The median from the times at which the mutations were due: with the delay of a server that does not keep up. */
  readonly sinceDue: number | null;
}
