/**
 * Joins in the FROM clause of a statement that look at one place after the other, in its partition alone. OFFSET keeps PostgreSQL from reading a
 * whole table, all partitions of it, to join it.
 */

/** The session `as` at the place that the FROM item `of` has as `home` and `sid`. */
export function sessionAt(of: string, as: string): string {
  return `CROSS JOIN LATERAL (SELECT * FROM sessions x WHERE x.home = ${of}.home AND x.sid = ${of}.sid OFFSET 0) AS ${as}`;
}

/** The tree `as` of a session `of`. */
export function treeOf(of: string, as: string): string {
  return `CROSS JOIN LATERAL (SELECT * FROM trees x WHERE x.home = ${of}.root_home AND x.root = ${of}.root OFFSET 0) AS ${as}`;
}
