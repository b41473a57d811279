import { INDEXED_BYTES } from '../rows/path.ts';

/**
 * The condition that the row `of` is of the session with the path `path`, or beneath it: `root` and `path` are those of the top, `end` is
 * `endOf` its path, `homes` are those of the tree. All are texts of SQL. The bounds of the beginnings are for the index.
 */
export function isBeneath(
  of: string,
  {
    homes,
    root,
    path,
    end,
  }: { readonly homes: string; readonly root: string; readonly path: string; readonly end: string },
): string {
  const beginning = (text: string) => `substring(${text} for ${INDEXED_BYTES})`;
  return `${of}.home = ANY(${homes}) AND ${of}.root = ${root}
    AND ${beginning(`${of}.path`)} >= ${beginning(path)} AND ${beginning(`${of}.path`)} <= ${beginning(end)}
    AND ${of}.path >= ${path} AND ${of}.path < ${end}`;
}

/** Rows of the table `of` in pre-order. */
export function inPreOrder(of: string): string {
  return `substring(${of}.path for ${INDEXED_BYTES}), ${of}.path`;
}
