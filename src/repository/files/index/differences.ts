import type { IndexDatabase } from './database.ts';
import { COMPARED_MEMBERS, OWN_MEMBERS, selection } from './session-row.ts';

/** The compared members of a row: those from the session's file and the store's log, or also its place in its tree. */
export type Compared = 'own' | 'all';

/**
 * The ids of the sessions that differ between two indexes: in their rows, in their messages, in their usage or
 * in their operations. With `only`, no other session is compared.
 */
export function differencesOf(
  a: IndexDatabase,
  b: IndexDatabase,
  compared: Compared,
  only?: string,
): Set<string> {
  const one = only !== undefined;
  const values = one ? [only] : [];
  const queries = [
    `SELECT ${selection(compared === 'own' ? OWN_MEMBERS : COMPARED_MEMBERS)} FROM sessions ${one ? 'WHERE id = ?' : ''} ORDER BY id`,
    `SELECT s.id, m.* FROM messages m JOIN sessions s ON s.seq = m.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT s.id, k.key, k.ordinal FROM message_keys k JOIN sessions s ON s.seq = k.session
       JOIN messages m ON m.session = k.session AND m.ordinal = k.ordinal
       ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, k.key`,
    `SELECT s.id, u.day, u.model, u.sums FROM usage u JOIN sessions s ON s.seq = u.session
       ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, u.day, u.model`,
    `SELECT s.id, r.* FROM tool_results r JOIN sessions s ON s.seq = r.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT s.id, d.* FROM dropped_messages d JOIN sessions s ON s.seq = d.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT s.id, r.* FROM replaced_messages r JOIN sessions s ON s.seq = r.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT s.id, r.* FROM redacted_messages r JOIN sessions s ON s.seq = r.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT session_id AS id, id AS operation, caller, fingerprint, seq, at, ordinal, position, answer FROM operations
       WHERE NOT logged ${one ? 'AND session_id = ?' : ''} ORDER BY session_id, seq`,
    `SELECT s.id, t.term FROM metadata_terms t JOIN sessions s ON s.seq = t.seq
       ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, t.term`,
    // The owner of a tree depends on the whole tree.
    ...(compared === 'own'
      ? []
      : [
          `SELECT s.id, k.key, k.owner FROM session_keys k JOIN sessions s ON s.seq = k.seq ORDER BY s.id`,
          `SELECT s.id, g.owner FROM guests g JOIN sessions s ON s.seq = g.seq ORDER BY s.id`,
        ]),
    // These tables come from the store's log, which is not part of the comparison of a single session.
    ...(one ? [] : ['SELECT * FROM tombstones ORDER BY id', 'SELECT * FROM tree_changes ORDER BY id, seq']),
  ];
  const different = new Set<string>();
  for (const sql of queries) {
    const [left, right] = [a, b].map(({ tables }) =>
      tables.connection.flushed().iterate<Row>(sql, ...values),
    );
    compareInOrder(left!, right!, (id) => different.add(id));
  }
  return different;
}

interface Row {
  readonly id: string;
}

/** Merges two lists ordered by id, and reports the ids that differ. */
function compareInOrder(left: Iterable<Row>, right: Iterable<Row>, differs: (id: string) => void): void {
  const a = left[Symbol.iterator]();
  const b = right[Symbol.iterator]();
  let x = a.next();
  let y = b.next();
  while (!x.done || !y.done) {
    if (y.done || (!x.done && x.value.id < y.value.id)) {
      differs(x.value.id);
      x = a.next();
    } else if (x.done || y.value.id < x.value.id) {
      differs(y.value.id);
      y = b.next();
    } else {
      if (JSON.stringify(x.value) !== JSON.stringify(y.value)) differs(x.value.id);
      x = a.next();
      y = b.next();
    }
  }
}
