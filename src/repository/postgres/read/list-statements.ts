import type { SessionOrderField } from '../../../model/session.ts';
import { numbered, WAYS, type WayName } from './list-ways.ts';
import { FILTER_PARAMETERS, PASSES_FILTER } from './session-filter.ts';
import { WALKED, type WalkStatements, walkedIn, walkStatements } from './walk.ts';

/** Entries that one statement walks. Most lists need few. */
const ENTRIES = [64, 1_024, 8_192];
/** Titles are compared in the program, some milliseconds at a time. */
const TITLES_AT_ONCE = [512];

const TIMES = {
  CREATED_AT: 's.created_at',
  LAST_ACTIVE_AT: 's.last_active_at',
  // Of a session that is no root, where it counts as one: its own.
  TREE_LAST_ACTIVE_AT:
    'coalesce((SELECT a.last_active_at FROM trees a WHERE a.home = s.home AND a.root = s.sid), s.last_active_at)',
} as const satisfies Record<SessionOrderField, string>;

/** Behind the parameters of the filter: the keys of `Between`, then the values of the way. */
const KEYS = FILTER_PARAMETERS;
const WAY_VALUES = KEYS + 4;

export interface ListStatement {
  readonly way: WayName;
  readonly field: SessionOrderField;
  readonly isAscending: boolean;
  readonly hasTitle: boolean;
}

const statements = new Map<string, WalkStatements>();

/** The statements that walk along a way. There are some hundred of them at the most: conditions that no index has are always in the text. */
export function listStatements(statement: ListStatement): WalkStatements {
  const { way, field, isAscending, hasTitle } = statement;
  const name = `${way} ${field} ${isAscending} ${hasTitle}`;
  let known = statements.get(name);
  if (!known) {
    known = walkStatements((most) => walkSql(statement, most), hasTitle ? TITLES_AT_ONCE : ENTRIES);
    statements.set(name, known);
  }
  return known;
}

function walkSql(statement: ListStatement, most: number): string {
  const titles = statement.hasTitle ? ', array_agg(e.title) FILTER (WHERE e.passes) AS titles' : '';
  return `SELECT 1 AS n, ${WALKED}${statement.hasTitle ? ', w.titles' : ''}
    FROM ${walkedIn(entriesSql(statement, most), titles)} AS w`;
}

function entriesSql({ way, field, isAscending, hasTitle }: ListStatement, most: number): string {
  const { order, from, where, ofTrees } = WAYS[way];
  const condition = numbered(where, WAY_VALUES);
  const direction = isAscending ? '' : 'DESC';
  const columns = (time: string) =>
    `s.home, s.sid, ${time} AS key, s.message_count AS amount, (${PASSES_FILTER}) AS passes${hasTitle ? ', s.title' : ''}`;
  const page = (time: string, sid: string) => ({
    between: `(${time}, ${sid}) > ($${KEYS + 1}::int8, $${KEYS + 2}::int8) AND (${time}, ${sid}) < ($${KEYS + 3}::int8, $${KEYS + 4}::int8)`,
    order: `ORDER BY ${time} ${direction}, ${sid} ${direction} LIMIT ${most}`,
  });
  if (order === 'sorted') {
    const { between, order: inOrder } = page('u.key', 'u.sid');
    return `SELECT * FROM (SELECT ${columns(TIMES[field])} FROM ${from} WHERE ${condition} OFFSET 0) AS u
      WHERE ${between} ${inOrder}`;
  }
  if (field === 'TREE_LAST_ACTIVE_AT' && ofTrees) {
    const { between, order: inOrder } = page('t.last_active_at', 't.root');
    return `SELECT ${columns('o.last_active_at')} FROM (
        SELECT t.home, t.root, t.last_active_at FROM trees t
        WHERE ${numbered(ofTrees, WAY_VALUES)} AND ${between} ${inOrder}
      ) AS o CROSS JOIN LATERAL (SELECT * FROM sessions x WHERE x.home = o.home AND x.sid = o.root LIMIT 1) AS s
      ORDER BY o.last_active_at ${direction}, o.root ${direction}`;
  }
  const { between, order: inOrder } = page(TIMES[field], 's.sid');
  return `SELECT ${columns(TIMES[field])} FROM ${from} WHERE ${condition} AND ${between} ${inOrder}`;
}
