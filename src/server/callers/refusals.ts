import type { Refusal } from '../refusal.ts';
import { LIMIT_OF, type QuotaName } from './quota.ts';

/** A second, as for what finds no room: nobody knows when the caller ends what is open. */
const OPEN_RETRY_SECONDS = 1;

/** The refusal of a caller who has used up what is counted by time. */
export function spent(name: QuotaName, most: number, seconds: number, msBeforeNext: number): Refusal {
  const retryAfter = Math.max(1, Math.ceil(msBeforeNext / 1_000));
  return rateLimited(
    `Expected at most ${most} ${name} of a caller in ${seconds} seconds (${whose(name)}), got more. Nothing was executed: send it again ` +
      `after ${retryAfter} seconds.`,
    retryAfter,
  );
}

/** The refusal of a caller who has too many open at once. */
export function tooManyOpen(what: 'subscriptions' | 'WebSockets', most: number): Refusal {
  return rateLimited(
    `Expected at most ${most} ${what} of a caller at once (${whose('subscriptions')}), got more. Close one before.`,
    OPEN_RETRY_SECONDS,
  );
}

/** Where the number comes from, as a message says it. */
export function whose(name: QuotaName): string {
  return `the limit ${LIMIT_OF[name]}, or the quota of the user`;
}

function rateLimited(message: string, retryAfter: number): Refusal {
  return { status: 429, code: 'RATE_LIMITED', message, headers: { 'retry-after': String(retryAfter) } };
}
