import { accountOf, type Caller } from '../../model/caller.ts';
import type { Callers } from './callers.ts';

/** Whose a request is among all others, and what counts its bytes. */
export interface Meter {
  readonly account: string;
  readonly spendBytes: (bytes: number) => void;
}

/** Null for a caller who is not bounded. */
export function meterOf(callers: Callers | null, caller: Caller): Meter | null {
  const account = callers && accountOf(caller);
  return account === null ? null : { account, spendBytes: (bytes) => callers!.spendBytes(account, bytes) };
}

/** Of what is made for a caller and not counted by its bytes. */
export function uncounted(caller: Caller): Meter | null {
  const account = accountOf(caller);
  return account === null ? null : { account, spendBytes: NOTHING };
}

const NOTHING = () => {};
