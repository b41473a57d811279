import { messageId } from '../../../model/id.ts';
import type { ToolCallRef } from '../../reads.ts';
import { IS_SPAWNED_BY_CALL, SPAWN_ORIGIN } from './schema.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/**
 * The session that a tool call spawned; null if there is none. Two seeks in a SQL index, however many sessions name the call: programs
 * that use ids of calls again can spawn very many.
 */
export function* spawnedBy(
  { connection, sessions }: IndexTables,
  { toolCallId, ...ref }: ToolCallRef,
): Steps<SessionRow | null> {
  const { seq } = connection
    .flushed()
    .get<{ seq: number | null }>(SELECT_SPAWNED, ref.sessionId, toolCallId, messageId(ref))!;
  if (seq === null) return null;
  const [row] = yield* sessions.rows([seq]);
  return row!;
}

const OF_CALL = `SELECT seq FROM sessions INDEXED BY spawned_by_call WHERE ${IS_SPAWNED_BY_CALL}
  AND ${SPAWN_ORIGIN.sessionId} = ?1 AND ${SPAWN_ORIGIN.toolCallId} = ?2 AND ${SPAWN_ORIGIN.messageId}`;

const SELECT_SPAWNED = `SELECT coalesce(
  (${OF_CALL} = ?3 ORDER BY seq LIMIT 1),
  (${OF_CALL} IS NULL ORDER BY seq LIMIT 1)
) AS seq`;
