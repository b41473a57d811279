import type { SessionFilter } from '../../../model/session.ts';
import type { ReadOptions } from '../../read-options.ts';
import { endOfPrefix } from '../../runtime/end-of-prefix.ts';
import type { Value } from '../connection/value.ts';
import type { Place } from '../rows/places.ts';
import { ownerColumn } from '../rows/session-row.ts';
import type { ReadParts } from './parts.ts';
import { SessionReads } from './session-reads.ts';

/** The number of parameters of `PASSES_FILTER`: those of the statement around it follow. */
export const FILTER_PARAMETERS = 18;

/** The condition that the session `s` passes a filter, but for the words of the title. Its parameters are the first of the statement. */
export const PASSES_FILTER = `
  ($1::bool IS NULL OR (s.archived_at IS NOT NULL) = $1::bool)
  AND ($2::text IS NULL OR s.user_id = $2::text)
  AND ($3::text IS NULL OR s.project = $3::text)
  AND ($4::text IS NULL OR s.agent_name = $4::text)
  AND ($5::text[] IS NULL OR s.status = ANY($5::text[]))
  AND s.created_at >= $6::int8 AND s.created_at < $7::int8
  AND s.last_active_at >= $8::int8 AND s.last_active_at < $9::int8
  AND (NOT $10::bool OR s.depth = 0)
  AND ($11::int8 IS NULL OR s.parent = $11::int8)
  AND ($12::int8 IS NULL OR s.root = $12::int8)
  AND ($13::text IS NULL OR s.key COLLATE "C" >= $13::text)
  AND ($14::text IS NULL OR s.key COLLATE "C" < $14::text)
  AND ($15::jsonb IS NULL OR s.metadata::jsonb @> $15::jsonb)
  AND ($16::text IS NULL OR s.owner = $16::text)
  AND (NOT $17::bool OR s.title IS NOT NULL)
  AND ($18::int8 IS NULL OR s.sid = $18::int8)`;

/** A filter with the places of the sessions that it names. */
export interface KnownFilter {
  readonly filter: SessionFilter;
  readonly parent: Place | null;
  readonly root: Place | null;
  readonly within: Place | null;
  /** The only session that can pass. */
  readonly only: Place | null;
}

/**
 * Finds the sessions that a filter names; null if no session can pass. To a sight that ends at a session, that session is a root, and nothing
 * is above it.
 */
export async function knownFilter(
  parts: ReadParts,
  filter: SessionFilter,
  options?: ReadOptions,
): Promise<KnownFilter | null> {
  const { sight } = filter;
  const withinId = sight?.withinId ?? null;
  const parentId = filter.parentId ?? null;
  const rootId = filter.rootId ?? null;
  if (filter.damaged) return null;
  if (withinId !== null && rootId !== null && rootId !== withinId) return null;
  const known = await parts.places.of(
    [withinId, parentId, rootId].flatMap((id) => id ?? []),
    options,
  );
  const placeOf = (id: string | null) => (id === null ? null : known.get(id));
  const [within, parent, root] = [placeOf(withinId), placeOf(parentId), placeOf(rootId)];
  if (within === undefined || parent === undefined || root === undefined) return null;
  if (within && parent) {
    const [isSeen] = await new SessionReads(parts).areInSight([parentId!], sight!, options);
    if (!isSeen) return null;
  }
  const only = within && filter.rootsOnly ? within : null;
  return { filter, parent, root: within ? null : root, within, only };
}

/** The values of the parameters of `PASSES_FILTER`. `archived`: the default of `filter.archived`. */
export function filterValues(
  { filter, parent, root, only }: KnownFilter,
  archived: 'EXCLUDE' | 'INCLUDE',
): Value[] {
  const { keyPrefix = null, metadata, sight, statuses } = filter;
  const own = filter.archived ?? archived;
  return [
    own === 'INCLUDE' ? null : own === 'ONLY',
    filter.userId ?? null,
    filter.project ?? null,
    filter.agentName ?? null,
    statuses ? [...new Set(statuses)] : null,
    filter.createdAfter?.getTime() ?? Number.MIN_SAFE_INTEGER,
    filter.createdBefore?.getTime() ?? Number.MAX_SAFE_INTEGER,
    filter.activeAfter?.getTime() ?? Number.MIN_SAFE_INTEGER,
    filter.activeBefore?.getTime() ?? Number.MAX_SAFE_INTEGER,
    filter.rootsOnly === true && only === null,
    parent?.sid ?? null,
    root?.sid ?? null,
    keyPrefix,
    keyPrefix === null ? null : endOfPrefix(keyPrefix),
    isEmpty(metadata) ? null : JSON.stringify(metadata),
    sight?.ownerId === undefined ? null : ownerColumn(sight.ownerId),
    filter.title != null,
    only?.sid ?? null,
  ];
}

/** True for a filter of metadata that all sessions pass. */
export function isEmpty(metadata: SessionFilter['metadata']): boolean {
  return metadata == null || Object.keys(metadata).length === 0;
}
