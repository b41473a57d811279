/*
 * `tree_last_active_at` of a root is the latest `last_active_at` in its tree, archived sessions included. An activity raises it. If a
 * session leaves a tree, or comes into one, it is read from the SQL indexes of the tree.
 */

/** Takes the time of an activity and the id of the root of its tree. */
export const RAISE_TREE_TIME =
  'UPDATE sessions SET tree_last_active_at = ?1 WHERE id = ?2 AND tree_last_active_at < ?1';

/** Takes the id of a session, which need not be a root any more. */
export const RENEW_TREE_TIME = `UPDATE sessions SET tree_last_active_at = CASE WHEN depth = 0 THEN (
    SELECT max(latest) FROM (
      SELECT max(last_active_at) AS latest FROM sessions INDEXED BY live_by_root_id_and_last_active_at
        WHERE archived_at IS NULL AND root_id = ?1
      UNION ALL
      SELECT max(last_active_at) FROM sessions INDEXED BY archived_by_root_id_and_last_active_at
        WHERE archived_at IS NOT NULL AND root_id = ?1
    )
  ) END WHERE id = ?1`;

/** Computes the latest activity in each tree, once all sessions have their places. */
export const TREE_TIMES = `
UPDATE sessions SET tree_last_active_at = NULL WHERE depth > 0 AND tree_last_active_at IS NOT NULL;
UPDATE sessions SET tree_last_active_at = t.latest FROM (
    SELECT root_id, max(last_active_at) AS latest FROM sessions GROUP BY root_id
  ) t WHERE sessions.id = t.root_id AND sessions.tree_last_active_at IS NOT t.latest;
`;
