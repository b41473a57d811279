import type { SessionOrderField } from '../../../model/session.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { ListKey } from '../../reads.ts';
import { endOfPrefix } from '../../runtime/end-of-prefix.ts';
import type { Value } from '../connection/value.ts';
import { endOfPath, isBeneath } from '../rows/path-sql.ts';
import { ownerColumn } from '../rows/session-row.ts';
import type { ReadParts } from './parts.ts';
import { isEmpty, type KnownFilter } from './session-filter.ts';

/** What orders the entries of a way: a time of its own index, or none, so that all entries are put into order. */
export type WayOrder = 'index' | 'sorted';

const IN_SUBTREE = isBeneath('s', { root: 'w.root', path: 'w.path', end: endOfPath('w.path') });

export type WayName =
  | 'all'
  | 'owner'
  | 'user'
  | 'project'
  | 'only'
  | 'children'
  | 'subtree'
  | 'tree'
  | 'keys'
  | 'metadata'
  | 'underWay';

/** A way through the sessions, along an index in which those that can pass a filter lie together. */
export interface Way {
  readonly name: WayName;
  readonly values: readonly Value[];
}

interface WaySql {
  readonly order: WayOrder;
  /** The FROM item of the sessions `s`; parameters are written `:1` and so on. */
  readonly from: string;
  readonly where: string;
  /** The same condition on the trees `t` of roots, which are in the order of their activity. */
  readonly ofTrees?: string;
}

/**
 * The sessions of the tree `t` that meet a condition. They can have other homes than its root: each home of the tree is looked at by itself.
 * OFFSET keeps it so: the planner could otherwise join the homes to all partitions.
 */
function inTree(condition: string): string {
  return `CROSS JOIN LATERAL unnest(t.homes) AS h (home)
    CROSS JOIN LATERAL (SELECT * FROM sessions s WHERE s.home = h.home AND ${condition} OFFSET 0) AS s`;
}

export const WAYS: Readonly<Record<WayName, WaySql>> = {
  all: { order: 'index', from: 'sessions s', where: 'true', ofTrees: 'true' },
  owner: { order: 'index', from: 'sessions s', where: 's.owner = :1::text', ofTrees: 't.owner = :1::text' },
  user: { order: 'index', from: 'sessions s', where: 's.user_id = :1::text' },
  project: { order: 'index', from: 'sessions s', where: 's.project = :1::text' },
  only: { order: 'sorted', from: 'sessions s', where: 's.home = :1::int8 AND s.sid = :2::int8' },
  children: {
    order: 'sorted',
    from: `sessions p JOIN trees t ON t.home = p.root_home AND t.root = p.root ${inTree('s.parent = p.sid')}`,
    where: 'p.home = :1::int8 AND p.sid = :2::int8',
  },
  subtree: {
    order: 'sorted',
    from: `sessions w JOIN trees t ON t.home = w.root_home AND t.root = w.root ${inTree(IN_SUBTREE)}`,
    where: 'w.home = :1::int8 AND w.sid = :2::int8',
  },
  tree: {
    order: 'sorted',
    from: `trees t ${inTree('s.root = t.root')}`,
    where: 't.home = :1::int8 AND t.root = :2::int8',
  },
  keys: {
    order: 'sorted',
    from: 'session_keys k JOIN sessions s ON s.home = k.home AND s.sid = k.sid',
    where:
      'k.key >= :1::text AND (:2::text IS NULL OR k.key < :2::text) AND (:3::text IS NULL OR k.owner = :3::text)',
  },
  metadata: {
    order: 'sorted',
    from: 'sessions s',
    where: "s.metadata <> '{}' AND s.metadata::jsonb @> :1::jsonb",
  },
  underWay: {
    order: 'sorted',
    from: 'sessions s',
    where: "s.status IN ('RUNNING', 'WAITING') AND s.archived_at IS NULL",
  },
};

/** The SQL of a part of a way, with parameters that come after the first `before` of a statement. */
export function numbered(sql: string, before: number): string {
  return sql.replace(/(?<!:):(\d)/g, (_match, n: string) => `$${before + Number(n)}`);
}

/** Sorting so many sessions costs less than finding them along the index of the list. */
const RARE_SESSIONS_MAX = 2_000;

const COUNT_RARE = {
  keys: countRare('keys'),
  metadata: countRare('metadata'),
  underWay: countRare('underWay'),
};

function countRare(name: WayName): string {
  const { from, where } = WAYS[name];
  // No more than the keys themselves are needed: the condition names nothing else.
  const short = name === 'keys' ? 'session_keys k' : from;
  return `SELECT count(*) AS n FROM (SELECT 1 FROM ${short} WHERE ${numbered(where, 0)} LIMIT ${RARE_SESSIONS_MAX + 1}) AS q`;
}

const UNDER_WAY = ['RUNNING', 'WAITING'];

/** Chooses the way for a list in the order of `field`, or for a count. */
export async function wayOf(
  parts: ReadParts,
  known: KnownFilter,
  field: SessionOrderField,
  options?: ReadOptions,
): Promise<Way> {
  const { filter, parent, root, within, only } = known;
  if (only) return { name: 'only', values: [only.home, only.sid] };
  if (parent) return { name: 'children', values: [parent.home, parent.sid] };
  if (within) return { name: 'subtree', values: [within.home, within.sid] };
  // The tree of a root has one root.
  if (root && field === 'TREE_LAST_ACTIVE_AT') return { name: 'only', values: [root.home, root.sid] };
  if (root) return { name: 'tree', values: [root.home, root.sid] };
  for (const way of shortWays(known)) if (await isRare(parts, way, options)) return way;
  const owner = ownerOf(known);
  if (field === 'TREE_LAST_ACTIVE_AT') {
    // The user of a root is the owner of its tree.
    if (owner !== null) return { name: 'owner', values: [owner] };
    return filter.userId == null
      ? { name: 'all', values: [] }
      : { name: 'owner', values: [ownerColumn(filter.userId)] };
  }
  if (owner !== null) return { name: 'owner', values: [owner] };
  if (filter.userId != null) return { name: 'user', values: [filter.userId] };
  if (filter.project != null) return { name: 'project', values: [filter.project] };
  return { name: 'all', values: [] };
}

function ownerOf({ filter: { sight } }: KnownFilter): string | null {
  return sight?.ownerId === undefined ? null : ownerColumn(sight.ownerId);
}

type ShortWay = Way & { readonly name: keyof typeof COUNT_RARE };

/** Ways that are short for many filters. */
function shortWays(known: KnownFilter): ShortWay[] {
  const { keyPrefix, metadata, statuses, archived } = known.filter;
  const ways: ShortWay[] = [];
  if (keyPrefix != null)
    ways.push({ name: 'keys', values: [keyPrefix, endOfPrefix(keyPrefix), ownerOf(known)] });
  if (!isEmpty(metadata)) ways.push({ name: 'metadata', values: [JSON.stringify(metadata)] });
  if ((archived ?? 'EXCLUDE') === 'EXCLUDE' && statuses?.every((status) => UNDER_WAY.includes(status)))
    ways.push({ name: 'underWay', values: [] });
  return ways;
}

async function isRare({ database }: ReadParts, { name, values }: ShortWay, options?: ReadOptions) {
  const [row] = await database.rows<{ n: number }>(COUNT_RARE[name], values, options);
  if (row!.n > 0) options?.onWalk?.(row!.n);
  return row!.n <= RARE_SESSIONS_MAX;
}

/** Between two keys, both excluded. */
export interface Between {
  readonly low: ListKey;
  readonly high: ListKey;
}

/** Less than any key, and more. No session has the number 0. */
export const WHOLE_LIST: Between = {
  low: { time: Number.MIN_SAFE_INTEGER, sequence: 0 },
  high: { time: Number.MAX_SAFE_INTEGER, sequence: 0 },
};
