import type { ContenderName } from './contender.ts';

export interface IdleResult {
  /** Bytes of memory of the server for each subscriber. */
  readonly bytes: number;
  /** The share of a core that the server uses for all of them. */
  readonly load: number;
}

export interface RateResult {
  readonly load: number;
  /** Milliseconds, as in `Latency`. Infinite if so many deliveries did not come. */
  readonly median: number;
  readonly p95: number;
  readonly sinceDue: number;
  /** Changes that were written in a second: fewer than asked for if the server did not keep up. */
  readonly perSecond: number;
}

export interface StuckResult {
  /** Bytes by which the memory of the server is larger with the client that never reads. */
  readonly bytes: number;
  /** The 95th percentile of the others, to that without the client. */
  readonly ratio: number;
}

export type ByContender<Result> = ReadonlyMap<ContenderName, Result>;

export interface LiveResults {
  readonly idle?: ByContender<IdleResult>;
  /** By changes per second. */
  readonly rates?: ReadonlyMap<number, ByContender<RateResult>>;
  readonly stuck?: ByContender<StuckResult>;
  /** Subscriptions that are left of those that were refused. */
  readonly refused?: ByContender<number>;
}
