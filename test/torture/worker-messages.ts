import type { Logger } from '../../src/repository/observer.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import type { Ports } from './live/serve.ts';

/** The argument with which a store is also served over HTTP. */
export const SERVES = 'serves';

/** One call of a method of the repository. */
export interface Call {
  readonly number: number;
  readonly method: keyof SessionRepository;
  readonly args: unknown[];
}

/** Why a call was refused. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly isRetryable?: boolean;
  readonly isOutcomeUnknown?: boolean;
}

export type Told =
  | { readonly opened: true; readonly ports: Ports | null }
  | { readonly notOpened: Refusal }
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly refusal: Refusal }
  | { readonly level: keyof Logger; readonly message: string };
