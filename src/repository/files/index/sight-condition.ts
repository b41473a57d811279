import type { Sight } from '../../../model/sight.ts';

/** The condition that a session is in sight. */
export function isInSight({ ownerId, withinId }: Sight): {
  readonly sql: string;
  readonly values: readonly (string | null)[];
} {
  const values: (string | null)[] = [];
  const parts: string[] = [];
  if (ownerId !== undefined) {
    parts.push('EXISTS (SELECT 1 FROM sessions r WHERE r.id = sessions.root_id AND r.user_id IS ?)');
    values.push(ownerId);
  }
  if (withinId !== null) {
    parts.push(`EXISTS (WITH RECURSIVE above (id, parent_seq) AS (
        SELECT s.id, s.parent_seq FROM sessions s WHERE s.seq = sessions.seq
        UNION ALL SELECT p.id, p.parent_seq FROM above a JOIN sessions p ON p.seq = a.parent_seq
      ) SELECT 1 FROM above WHERE id = ?)`);
    values.push(withinId);
  }
  return { sql: parts.join(' AND '), values };
}
