import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import { pathsAbove } from '../rows/path.ts';
import { beginningOf } from '../rows/path-sql.ts';
import { homesOf, type Place, type Places } from '../rows/places.ts';
import { DELETED, type KnownSession, LIVING } from './known-session.ts';

const byPlace = (columns: string, table: string, alias: string) => `SELECT ${columns}
  FROM unnest($1::int8[], $2::int8[]) AS place (home, sid) JOIN ${table} ${alias}
    ON ${alias}.home = place.home AND ${alias}.sid = place.sid WHERE ${alias}.home = ANY($3::int8[])`;

const LIVING_AT = byPlace(LIVING, 'sessions', 's');
const DELETED_AT = byPlace(DELETED, 'tombstones', 't');

/** Names no homes: trees that sessions have moved between can have members at any. */
const byPath = (columns: string, table: string, alias: string) => `SELECT ${columns}
  FROM unnest($1::int8[], $2::bytea[]) AS above (root, path) JOIN ${table} ${alias}
    ON ${alias}.root = above.root AND ${beginningOf(`${alias}.path`)} = ${beginningOf('above.path')}
      AND ${alias}.path = above.path`;

const LIVING_ABOVE = byPath(LIVING, 'sessions', 's');
const DELETED_ABOVE = byPath(DELETED, 'tombstones', 't');

/** Sessions, deleted or not, as of one state of the database, which are read a few at a time. */
export class KnownSessions {
  readonly #queries: Queries;
  readonly #places: Places;
  readonly #options: ReadOptions | undefined;
  /** Null for ids that nothing is known of. */
  readonly #known = new Map<string, KnownSession | null>();

  constructor(queries: Queries, places: Places, options: ReadOptions | undefined) {
    this.#queries = queries;
    this.#places = places;
    this.#options = options;
  }

  get(id: string): KnownSession | undefined {
    return this.#known.get(id) ?? undefined;
  }

  add(rows: readonly KnownSession[]): void {
    for (const row of rows) this.#known.set(row.id, row);
  }

  /** Reads these sessions. */
  async load(ids: Iterable<string>): Promise<KnownSession[]> {
    const unknown = [...new Set(ids)].filter((id) => !this.#known.has(id));
    if (unknown.length === 0) return [];
    for (const id of unknown) this.#known.set(id, null);
    const found = await this.#places.of(unknown, this.#options, this.#queries);
    const rows = await this.#at([...found.values()]);
    this.add(rows);
    return rows;
  }

  /**
   * Reads all above `rows`, and what `besides` names beside the parent of a session, with all above that. Returns the number of sessions
   * that were read.
   */
  async loadAbove(
    rows: readonly KnownSession[],
    besides: (session: KnownSession) => readonly (string | null)[],
  ): Promise<number> {
    let count = 0;
    for (let latest = rows; latest.length > 0; ) {
      const above = await this.#above(latest);
      this.add(above);
      const all = [...latest, ...above];
      const named = all.flatMap((each) => [each.parent_id, ...besides(each)]).filter((id) => id !== null);
      latest = await this.load(named);
      count += above.length + latest.length;
    }
    return count;
  }

  async #at(places: readonly Place[]): Promise<KnownSession[]> {
    if (places.length === 0) return [];
    const values = [places.map(({ home }) => home), places.map(({ sid }) => sid), homesOf(places)];
    return await this.#both(LIVING_AT, DELETED_AT, values);
  }

  async #above(rows: readonly KnownSession[]): Promise<KnownSession[]> {
    const paths = new Map<string, { readonly root: number; readonly path: Buffer }>();
    for (const { root, path, parent_id: parentId } of rows) {
      // Those above a session whose parent is known were read with the parent.
      if (parentId === null || this.#known.has(parentId)) continue;
      for (const above of pathsAbove(path))
        paths.set(`${root}/${above.toString('latin1')}`, { root, path: above });
    }
    if (paths.size === 0) return [];
    const all = [...paths.values()];
    return await this.#both(LIVING_ABOVE, DELETED_ABOVE, [
      all.map(({ root }) => root),
      all.map(({ path }) => path),
    ]);
  }

  async #both(
    living: string,
    deleted: string,
    values: Parameters<Queries['rows']>[1],
  ): Promise<KnownSession[]> {
    const [there, gone] = await Promise.all(
      [living, deleted].map((sql) => this.#queries.rows<KnownSession>(sql, values, this.#options)),
    );
    return [...there!, ...gone!];
  }
}
