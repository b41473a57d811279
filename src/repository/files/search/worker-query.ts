import { MESSAGE_ROLES } from '../../../model/message.ts';
import { SEARCH_FIELDS, type SearchField } from '../../../model/search/fields.ts';
import { parseQuery } from '../../../model/search/query.ts';
import type { SessionFilter } from '../../../model/session.ts';
import type { SearchRequest } from '../../reads.ts';
import type { WorkerQuery } from './protocol.ts';

/** Equal for equal searches. `indexChanges`: how often the store's index has changed. */
export function workerQueryOf(request: SearchRequest, indexChanges: number): WorkerQuery {
  const { query, within, subtree, roles, fields, filter: given, includeCopies, limit, after } = request;
  const filter = given ? usedFilter(given) : null;
  return {
    phrases: parseQuery(query),
    within: within ?? null,
    subtree: subtree ?? true,
    roles: roles ? MESSAGE_ROLES.flatMap((role, n) => (roles.includes(role) ? [n] : [])) : null,
    fields: namedFields(fields),
    filter,
    includeCopies: includeCopies ?? true,
    limit,
    after: after ?? null,
    indexChanges: filter || within != null ? indexChanges : 0,
  };
}

/** Each field once, in a fixed order. */
export function namedFields(fields: SearchRequest['fields']): readonly SearchField[] {
  return SEARCH_FIELDS.filter((field) => (fields ?? ['CONTENT']).includes(field));
}

/** The conditions that a filter has; null if every session meets them. */
function usedFilter(given: SessionFilter): SessionFilter | null {
  const { archived, ...others } = given;
  const conditions = Object.entries(others).filter(([, value]) => value != null);
  if (conditions.length === 0 && (archived ?? 'INCLUDE') === 'INCLUDE') return null;
  return { ...Object.fromEntries(conditions), archived: archived ?? 'INCLUDE' };
}
