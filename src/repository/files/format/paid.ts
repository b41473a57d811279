import { decimalOf } from '../../../model/decimal.ts';
import type { ForkOrigin } from '../../../model/session.ts';
import { minusUsage, plusUsage, type UsageSum } from '../../../model/usage.ts';
import type { MessagesRecord, RestateRecord } from './record.ts';
import type { StoredMessage } from './stored-message.ts';

const DAY_MS = 86_400_000;

/**
 * What a line adds to the usage of a session, by the day and the model of a message. A line that gives a message another form adds what
 * the new form cost, and takes back, by a negative entry, what the earlier form cost.
 */
export interface Paid {
  /** Whole days since 1970, in UTC. */
  readonly day: number;
  readonly model: string | null;
  /** Messages with a usage: 1, or -1 for one that is taken back. */
  readonly responses: number;
  readonly usage: UsageSum;
}

/** Shared: most lines have no usage. */
export const NOTHING_PAID: readonly Paid[] = Object.freeze([]);

/** The day of a time, which is in milliseconds since 1970. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** The beginning of a day, in milliseconds since 1970. */
export function startOfDay(day: number): number {
  return day * DAY_MS;
}

/** What a message cost; null if it has no usage, or was paid for in another session. `createdAt` is in milliseconds since 1970. */
export function paidOf({ usage, isCopy, model }: Partial<StoredMessage>, createdAt: number): Paid | null {
  if (!usage || isCopy) return null;
  return {
    day: dayOf(createdAt),
    model: model ?? null,
    responses: 1,
    usage: {
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      cacheReadTokens: usage.cacheReadTokens ?? 0,
      cacheWriteTokens: usage.cacheWriteTokens ?? 0,
      reasoningTokens: usage.reasoningTokens ?? 0,
      costUsd: usage.costUsd === undefined ? null : decimalOf(usage.costUsd),
      pricedCount: usage.costUsd === undefined ? 0 : 1,
    },
  };
}

/** The entry that takes `paid` back. */
export function takenBack({ day, model, responses, usage }: Paid): Paid {
  return { day, model, responses: 0 - responses, usage: minusUsage(usage) };
}

/** True if the messages of a line came with a fork: they were paid for in the session that was forked. A line holds such messages or others. */
export function isForkCopy(
  { version, ordinal }: Pick<MessagesRecord, 'version' | 'ordinal'>,
  forkedFrom: string | null,
): boolean {
  return (
    version === 1 && forkedFrom !== null && ordinal < (JSON.parse(forkedFrom) as ForkOrigin).historyLength
  );
}

/** What the messages of a line cost. `messages` gives the time of each, `forkedFrom` is that of the session. */
export function paidBy(
  record: MessagesRecord,
  messages: readonly { readonly createdAt: number }[],
  forkedFrom: string | null,
): readonly Paid[] {
  if (isForkCopy(record, forkedFrom)) return NOTHING_PAID;
  let paid: Paid[] | null = null;
  for (const [n, message] of record.messages.entries()) {
    const { paidBefore, usage } = message;
    if (!usage && !paidBefore) continue;
    paid ??= [];
    const each = paidOf(message, messages[n]!.createdAt);
    if (each) paid.push(each);
    const before = paidBefore && paidOf(paidBefore, Date.parse(paidBefore.createdAt));
    if (before) paid.push(takenBack(before));
  }
  return paid ?? NOTHING_PAID;
}

/** Shared: most lines take over nothing. */
export const NONE_TAKEN_OVER: readonly number[] = Object.freeze([]);

/** The ordinals of dropped messages whose usage the messages of a line take over. */
export function takenOverBy({ messages }: Pick<MessagesRecord, 'messages'>): readonly number[] {
  let ordinals: number[] | null = null;
  for (const { paidBefore } of messages) {
    if (paidBefore?.ordinal === undefined) continue;
    ordinals ??= [];
    ordinals.push(paidBefore.ordinal);
  }
  return ordinals ?? NONE_TAKEN_OVER;
}

/** What a record says that was paid in all. */
export function restatedPaid(paid: NonNullable<RestateRecord['paid']>): Paid[] {
  return paid.map(({ day, model = null, responses, costUsd = null, pricedCount = 0, ...tokens }) => ({
    day: dayOf(Date.parse(day)),
    model,
    responses,
    usage: {
      inputTokens: tokens.inputTokens,
      outputTokens: tokens.outputTokens,
      cacheReadTokens: tokens.cacheReadTokens ?? 0,
      cacheWriteTokens: tokens.cacheWriteTokens ?? 0,
      reasoningTokens: tokens.reasoningTokens ?? 0,
      costUsd,
      pricedCount,
    },
  }));
}

/** The sum of a session's usage after a line. */
export function usageAfter(before: UsageSum, paid: readonly Paid[]): UsageSum {
  return paid.reduce((sum, { usage }) => plusUsage(sum, usage), before);
}
