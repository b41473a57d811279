import { decimalOf } from '../../model/decimal.ts';
import type { ForkOrigin } from '../../model/session.ts';
import { minusUsage, plusUsage, type UsageSum } from '../../model/usage.ts';
import type { DailyUsage } from '../../model/usage-report.ts';
import type { MessagesRecord, RestateRecord } from './record.ts';
import type { StoredMessage } from './stored-message.ts';

export const DAY_MS = 86_400_000;

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

/** A day as text, as in 2026-01-31. */
export function dayText(day: number): string {
  return new Date(startOfDay(day)).toISOString().slice(0, 10);
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

/**
 * True if the messages of a line came with a fork: they were paid for in the session that was forked. A line holds such messages or others.
 * `forkedFrom` is that of the session.
 */
export function isForkCopy(
  record: Pick<MessagesRecord, 'version' | 'ordinal' | 'messages'>,
  forkedFrom: string | null,
): boolean {
  return record.version === 1 && forkedFrom !== null && isCopyOf(record, copiedOf(forkedFrom));
}

/** As `isForkCopy`. `copied`: how many of the session's first messages came with a fork. */
export function isCopyOf(
  { version, ordinal, messages }: Pick<MessagesRecord, 'version' | 'ordinal' | 'messages'>,
  copied: number,
): boolean {
  // In an exact copy of a fork, all messages are of version 1. Those that were replaced in the fork are the fork's own.
  return version === 1 && ordinal < copied && messages[0]!.replacedAt === undefined;
}

/** How many of a session's first messages came with a fork. `forkedFrom` is that of the session, as JSON. */
export function copiedOf(forkedFrom: string | null | undefined): number {
  return forkedFrom == null ? 0 : (JSON.parse(forkedFrom) as ForkOrigin).historyLength;
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

/** What a record says that was paid in all: `restatedPaid` reads it. */
export function restatedPaidOf(paid: readonly DailyUsage[]): NonNullable<RestateRecord['paid']> {
  return paid.map(({ day, model, responseCount, usage }) => ({
    day,
    model: model ?? undefined,
    responses: responseCount,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cacheReadTokens: usage.cacheReadTokens || undefined,
    cacheWriteTokens: usage.cacheWriteTokens || undefined,
    reasoningTokens: usage.reasoningTokens || undefined,
    costUsd: usage.costUsd ?? undefined,
    pricedCount: usage.pricedCount || undefined,
  }));
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
