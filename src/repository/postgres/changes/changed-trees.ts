import type { ChangedTrees } from '../../changes.ts';
import type { Queries } from '../connection/queries.ts';
import { encodeMark, isHonoured, markOf, parseMark } from './mark.ts';
import { EVERYTHING, isNewIn, NOW_COLUMNS, type NowRow, nowOf, valuesOf } from './snapshot.ts';

/** Trees that one answer names at most: a reader that is further behind looks at all of its trees. */
const TREES_MAX = 10_000;

/** A tree whose root was deleted, or moved, has no row any more: moves are kept, whatever becomes of their trees. */
const SELECT_CHANGED = `SELECT ${NOW_COLUMNS},
  EXISTS (SELECT FROM moves WHERE ${isNewIn('clock', 1)} AND from_root <> to_root) AS is_reshaped,
  ARRAY(
    (SELECT id FROM trees WHERE ${isNewIn('clock', 1)} LIMIT ${TREES_MAX + 1})
    UNION ALL
    (SELECT id FROM tombstones WHERE ${isNewIn('clock', 1)} AND parent IS NULL LIMIT ${TREES_MAX + 1})
  ) AS ids`;

interface ChangedRow extends NowRow {
  readonly is_reshaped: boolean;
  readonly ids: readonly string[];
}

/** `SessionRepository.changedTrees`, in one statement. */
export async function changedTrees(queries: Queries, after: string): Promise<ChangedTrees> {
  const mark = parseMark(after);
  const [row] = await queries.rows<ChangedRow>(SELECT_CHANGED, valuesOf(mark?.base ?? EVERYTHING));
  const now = await nowOf(queries, row!);
  const isKnown =
    mark && !mark.middle && isHonoured(mark, now) && !row!.is_reshaped && row!.ids.length <= TREES_MAX;
  return { rootIds: isKnown ? new Set(row!.ids) : null, mark: encodeMark(markOf(now)) };
}
