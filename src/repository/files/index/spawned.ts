import { messageId } from '../../../model/id.ts';
import type { SpawnedRequest } from '../../reads.ts';
import { IS_SPAWNED_BY_CALL, SPAWN_ORIGIN } from './schema.ts';
import type { SessionRow } from './session-row.ts';
import { isInSight } from './sight-condition.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/**
 * The session that a tool call spawned; null if there is none. Two seeks in a SQL index, however many sessions name the call: programs
 * that use ids of calls again can spawn very many.
 */
export function* spawnedBy(
  { connection, sessions }: IndexTables,
  { toolCallId, sight, ...ref }: SpawnedRequest,
): Steps<SessionRow | null> {
  const seen = sight ? isInSight(sight) : null;
  const condition = seen ? ` AND ${seen.sql}` : '';
  const values = seen?.values ?? [];
  const seq = ['= ?', 'IS NULL'].reduce<number | null>((found, ofMessage, n) => {
    if (found !== null) return found;
    const id = n === 0 ? [messageId(ref)] : [];
    const sql = `${OF_CALL} ${ofMessage}${condition} ORDER BY seq LIMIT 1`;
    const row = connection.flushed().get<{ seq: number }>(sql, ref.sessionId, toolCallId, ...id, ...values);
    return row?.seq ?? null;
  }, null);
  if (seq === null) return null;
  const [row] = yield* sessions.rows([seq]);
  return row!;
}

const OF_CALL = `SELECT seq FROM sessions INDEXED BY spawned_by_call WHERE ${IS_SPAWNED_BY_CALL}
  AND ${SPAWN_ORIGIN.sessionId} = ? AND ${SPAWN_ORIGIN.toolCallId} = ? AND ${SPAWN_ORIGIN.messageId}`;
