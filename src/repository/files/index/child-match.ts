import type { ChildFilter } from '../../../model/session.ts';
import type { SessionRow } from './session-row.ts';

/** The members of a row that a filter of children compares. */
export const MATCHED_MEMBERS = ['archivedAt', 'status', 'agentName'] as const;

export type ChildMatch = (row: Pick<SessionRow, (typeof MATCHED_MEMBERS)[number]>) => boolean;

/** Compares rows with a filter; null if all of them pass. */
export function childMatch(filter: ChildFilter | null | undefined): ChildMatch | null {
  const { archived = null, statuses = null, agentName = null } = filter ?? {};
  if ((archived ?? 'INCLUDE') === 'INCLUDE' && statuses === null && agentName === null) return null;
  const wanted = statuses && new Set(statuses);
  return (row) =>
    (archived === null || archived === 'INCLUDE' || (row.archivedAt !== null) === (archived === 'ONLY')) &&
    (wanted === null || wanted.has(row.status)) &&
    (agentName === null || row.agentName === agentName);
}
