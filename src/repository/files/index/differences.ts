import type { IndexDatabase } from './database.ts';

/**
 * The ids of the sessions of which two indexes hold different things, in `columns` of `sessions`, in their messages or in
 * their operations. With `only`, no other session is looked at.
 */
export function differencesOf(
  a: IndexDatabase,
  b: IndexDatabase,
  columns: string,
  only?: string,
): Set<string> {
  const one = only !== undefined;
  const values = one ? [only] : [];
  const queries = [
    `SELECT ${columns} FROM sessions ${one ? 'WHERE id = ?' : ''} ORDER BY id`,
    `SELECT s.id, m.* FROM messages m JOIN sessions s ON s.seq = m.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT s.id, d.* FROM dropped_messages d JOIN sessions s ON s.seq = d.session ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, ordinal`,
    `SELECT session_id AS id, id AS operation, fingerprint, seq, at, ordinal, position FROM operations
       WHERE NOT logged ${one ? 'AND session_id = ?' : ''} ORDER BY session_id, seq`,
    `SELECT s.id, t.term FROM metadata_terms t JOIN sessions s ON s.seq = t.seq
       ${one ? 'WHERE s.id = ?' : ''} ORDER BY s.id, t.term`,
    // One session's file tells nothing of what the store's log says.
    ...(one ? [] : ['SELECT * FROM tombstones ORDER BY id', 'SELECT * FROM shape_changes ORDER BY id, seq']),
  ];
  const different = new Set<string>();
  for (const sql of queries) {
    compareInOrder(a.iterate<Row>(sql, ...values), b.iterate<Row>(sql, ...values), (id) => different.add(id));
  }
  return different;
}

interface Row {
  readonly id: string;
}

/** Walks two lists that are ordered by id side by side. */
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
