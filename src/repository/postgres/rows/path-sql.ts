import { INDEXED_BYTES } from './path.ts';

/** The beginning of a path, which the index on paths has. As all texts here, `path` is SQL. */
export function beginningOf(path: string): string {
  return `substring(${path} for ${INDEXED_BYTES})`;
}

/** Where the paths of all beneath a path end, as `endOf` in `path.ts`: not in parentheses. */
export function endOfPath(path: string): string {
  return `${path} || '\\xff'::bytea`;
}

/**
 * The condition that the row `of` is of the session with the path `path`, or beneath it: `root` and `path` are those of the top, `end` is
 * the end of its path. The bounds of the beginnings are for the index; the homes to look at are a condition of their own.
 */
export function isBeneath(
  of: string,
  { root, path, end }: { readonly root: string; readonly path: string; readonly end: string },
): string {
  return `${of}.root = ${root}
    AND ${beginningOf(`${of}.path`)} >= ${beginningOf(path)} AND ${beginningOf(`${of}.path`)} <= ${beginningOf(end)}
    AND ${of}.path >= ${path} AND ${of}.path < ${end}`;
}

/** Rows of the table `of` in pre-order. */
export function inPreOrder(of: string): string {
  return `${beginningOf(`${of}.path`)}, ${of}.path`;
}
