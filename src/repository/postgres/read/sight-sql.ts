import type { Sight } from '../../../model/sight.ts';
import type { ReadOptions } from '../../read-options.ts';
import { endOfPath } from '../rows/path-sql.ts';
import type { Places } from '../rows/places.ts';
import { ownerColumn } from '../rows/session-row.ts';

/** A sight as parameters of a statement. */
export interface SightValues {
  /** Null: any owner. */
  readonly owner: string | null;
  /** Where `withinId` is; null: no such limit. */
  readonly withinHome: number | null;
  readonly withinSid: number | null;
}

/** Stands for an id that no session has. */
const NOWHERE = { home: -1, sid: -1 };

/** The parameters for each sight; null is the sight of all. */
export async function sightValues(
  places: Places,
  sights: readonly (Sight | null | undefined)[],
  options?: ReadOptions,
): Promise<SightValues[]> {
  const tops = sights.flatMap((sight) => sight?.withinId ?? []);
  const known = await places.of(tops, options);
  return sights.map((sight) => {
    const top = sight?.withinId == null ? null : (known.get(sight.withinId) ?? NOWHERE);
    return {
      owner: sight?.ownerId === undefined ? null : ownerColumn(sight.ownerId),
      withinHome: top?.home ?? null,
      withinSid: top?.sid ?? null,
    };
  });
}

/** As `isBeneath`, without the bounds for the index: for sessions `s` that were found otherwise. `w` is the top. */
export const IS_BENEATH_OR_SAME = `s.root = w.root AND s.path >= w.path AND s.path < ${endOfPath('w.path')}`;

/** The condition that the session `s` is in sight. Each argument is SQL for a member of `SightValues`. */
export function isInSight(owner: string, withinHome: string, withinSid: string): string {
  return `(${owner} IS NULL OR s.owner = ${owner}) AND (${withinSid} IS NULL OR EXISTS (
    SELECT 1 FROM sessions w WHERE w.home = ${withinHome} AND w.sid = ${withinSid} AND ${IS_BENEATH_OR_SAME}))`;
}
