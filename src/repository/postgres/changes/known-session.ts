import type { ChangePlace } from './mark.ts';

/** What the change feed knows of a session, or of what is left of a deleted one. `migrations/tables.ts` says what the columns mean. */
export interface KnownSession extends ChangePlace {
  readonly home: number;
  readonly sid: number;
  readonly id: string;
  readonly parent_id: string | null;
  readonly root: number;
  readonly root_home: number;
  /** Of a deleted session null. */
  readonly root_id: string | null;
  readonly owner: string;
  readonly path: Buffer;
  /** As `owner`; of a deleted session the owner of its tree. */
  readonly own_user: string;
  readonly created_clock: number;
  readonly updated_clock: number;
}

const SHARED = [
  'home',
  'sid',
  'id',
  'parent_id',
  'root',
  'root_home',
  'owner',
  'path',
  'clock',
  'number',
  'created_clock',
];

const shared = (table: string) => SHARED.map((column) => `${table}.${column}`).join(', ');

/** Columns of `sessions s`. */
export const LIVING = `${shared('s')}, s.root_id, CASE WHEN s.user_id IS NULL THEN '' ELSE '=' || s.user_id END AS own_user,
  s.updated_clock, 0 AS deleted, s.sid AS place`;

/** Columns of `tombstones t`, the same. */
export const DELETED = `${shared('t')}, NULL::text AS root_id, t.owner AS own_user,
  t.clock AS updated_clock, 1 AS deleted, t.place AS place`;
