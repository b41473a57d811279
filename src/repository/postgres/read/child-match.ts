import type { ChildFilter } from '../../../model/session.ts';

/** A filter as parameters of a statement. Null: any. */
export interface ChildMatch {
  readonly isArchived: boolean | null;
  /** Separated by commas, so that the filters of many requests fit into one array. */
  readonly statuses: string | null;
  readonly agentName: string | null;
}

/** Null if all sessions pass. */
export function childMatch(filter: ChildFilter | null | undefined): ChildMatch | null {
  const { archived = null, statuses = null, agentName = null } = filter ?? {};
  const isArchived = archived === null || archived === 'INCLUDE' ? null : archived === 'ONLY';
  if (isArchived === null && statuses === null && agentName === null) return null;
  return { isArchived, statuses: statuses?.join(',') ?? null, agentName };
}

/** The condition that the session `s` passes. Each argument is SQL for a member of `ChildMatch`. */
export function passesMatch(isArchived: string, statuses: string, agentName: string): string {
  return `(${isArchived} IS NULL OR (s.archived_at IS NOT NULL) = ${isArchived})
    AND (${statuses} IS NULL OR s.status = ANY(string_to_array(${statuses}, ',')))
    AND (${agentName} IS NULL OR coalesce(s.agent_name = ${agentName}, false))`;
}
