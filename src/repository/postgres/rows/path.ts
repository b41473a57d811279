/**
 * The place of a session in its tree as bytes: the numbers of the sessions on the way down among the children of their parents, that of the
 * root left out. The bytes of two numbers are in the order of the numbers, and none is the beginning of another: paths in the order of bytes
 * are sessions in pre-order, and what is beneath a session are the paths that begin with its own.
 */

/** The path of every root. */
export const ROOT_PATH = Buffer.alloc(0);

/** Bytes of a path that the index on it has: a B-tree takes no key above 2,704 bytes. `migrations/tables.ts` names it, too. */
export const INDEXED_BYTES = 2_000;

/** The path of the child with this number, which is at least 1 and below 2^48. */
export function childPath(parent: Buffer, number: number): Buffer {
  return Buffer.concat([parent, bytesOf(number)]);
}

/** The paths of all sessions above, that of the root first. */
export function pathsAbove(path: Buffer): Buffer[] {
  const paths: Buffer[] = [];
  for (let end = 0; end < path.length; end += lengthAt(path, end)) paths.push(path.subarray(0, end));
  return paths;
}

/** True if `path` is that of the session at `top`, or of one beneath it. */
export function isWithin(path: Buffer, top: Buffer): boolean {
  return path.length >= top.length && path.subarray(0, top.length).equals(top);
}

/** The bytes of the number that begins there. */
function lengthAt(path: Buffer, offset: number): number {
  return 1 + Math.max(0, path[offset]! - 0xdf);
}

/** The first path behind all that begin with `path`: the end of a subtree, exclusive. No number begins with this byte. */
export function endOf(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.from([0xff])]);
}

/** The number of bytes that follow, then these, the most significant first; numbers up to 0xdf are one byte. */
function bytesOf(number: number): Buffer {
  if (number <= 0xdf) return Buffer.from([number]);
  const length = Math.ceil(number.toString(16).length / 2);
  const bytes = Buffer.alloc(1 + length);
  bytes[0] = 0xdf + length;
  bytes.writeUIntBE(number, 1, length);
  return bytes;
}
