import type { Limits } from '../../model/limits.ts';

/** What a caller may use. The limits with the same meaning are in `LIMIT_OF`. */
export const QUOTA_NAMES = ['requests', 'mutations', 'bytes', 'subscriptions', 'sessions'] as const;
export type QuotaName = (typeof QUOTA_NAMES)[number];
export type Quota = Readonly<Record<QuotaName, number>>;

/** The quota of a user; what it leaves out is as the limits say. Null for a user without one. */
export type QuotaOf = (userId: string | null) => Partial<Quota> | null;

export const LIMIT_OF = {
  requests: 'callerRequests',
  mutations: 'callerMutations',
  bytes: 'callerBytes',
  subscriptions: 'callerSubscriptions',
  sessions: 'callerSessions',
} as const satisfies Record<QuotaName, keyof Limits>;

export type CallerLimits = Pick<Limits, (typeof LIMIT_OF)[QuotaName] | 'callerSeconds'>;

export function quotaIn(limits: CallerLimits): Quota {
  return {
    requests: limits.callerRequests,
    mutations: limits.callerMutations,
    bytes: limits.callerBytes,
    subscriptions: limits.callerSubscriptions,
    sessions: limits.callerSessions,
  };
}
