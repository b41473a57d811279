import { MESSAGE_ROLES, type MessageRole } from '../../../model/message.ts';
import type { HistoryScope } from '../../reads.ts';

/** Which messages of a history are in a scope, as statements compare it. Times are milliseconds since 1970. */
export interface ScopeColumns {
  /** A bit for each role. */
  readonly mask: number;
  /** Inclusive. */
  readonly createdAfter: number;
  /** Exclusive. */
  readonly createdBefore: number;
  /** True if every message is in the scope. */
  readonly isWhole: boolean;
}

const ALL_ROLES = 2 ** MESSAGE_ROLES.length - 1;
/** The latest time of a `Date`. */
const MAX_TIME = 8.64e15;

/** That a message `m` is in the scope of the columns of `asked`. */
export const IS_IN_SCOPE = `m.dropped_clock IS NULL AND (asked.mask >> m.role) & 1 = 1
      AND m.created_at >= asked.created_after AND m.created_at < asked.created_before`;

export function scopeColumns({ roles, createdAfter, createdBefore }: HistoryScope): ScopeColumns {
  const mask = maskOf(roles);
  return {
    mask,
    createdAfter: createdAfter?.getTime() ?? -MAX_TIME,
    createdBefore: createdBefore?.getTime() ?? MAX_TIME + 1,
    isWhole: mask === ALL_ROLES && createdAfter == null && createdBefore == null,
  };
}

function maskOf(roles: readonly MessageRole[] | null | undefined): number {
  if (!roles) return ALL_ROLES;
  return roles.reduce((mask, role) => mask | (1 << MESSAGE_ROLES.indexOf(role)), 0);
}
