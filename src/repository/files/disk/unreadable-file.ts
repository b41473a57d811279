/** Why something in the place of a session's file is not read. */
export const NOT_PLAIN = 'not a plain file: links are not followed';

/** Why a folder of sessions is not read. */
export const NO_FOLDER = 'not a folder of sessions';

/** The error for something that is not a plain file, with the code with which the system refuses a link. */
export function notPlain(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: ${NOT_PLAIN}`), { code: 'ELOOP', syscall: 'open', path });
}

/** The error for a file that is missing, as the system reports it. */
export function nothingAt(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: no such file`), { code: 'ENOENT', syscall: 'open', path });
}

/** Errors where there is a link, a folder, a socket, a pipe or a device. */
const OTHER_KIND = new Set<string | undefined>([
  'ELOOP',
  'EISDIR',
  'ENOTDIR',
  'ENXIO',
  'ENODEV',
  'ESPIPE',
  'EOPNOTSUPP',
]);
const OF_FILE = new Set<string | undefined>([...OTHER_KIND, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'EIO']);

/**
 * True if the error concerns one file alone: the file is gone, not a plain file, not readable, or on a bad
 * sector.
 */
export function isFaultOfOneFile(error: unknown): error is NodeJS.ErrnoException {
  return OF_FILE.has((error as NodeJS.ErrnoException).code);
}

/** True if the file is gone, alone or with its folder. */
export function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT';
}

/** True if something else is in the place of a file or of its folder. */
export function isOfOtherKind({ code }: NodeJS.ErrnoException): boolean {
  return OTHER_KIND.has(code);
}

/** `error` as a report states it, with the remedy. */
export function reasonOf(error: NodeJS.ErrnoException, what: 'file' | 'folder' = 'file'): string {
  const { code } = error;
  if (isGone(error)) return `the ${what} is gone`;
  if (isOfOtherKind(error)) return what === 'folder' ? NO_FOLDER : NOT_PLAIN;
  const mending = code === 'EACCES' || code === 'EPERM' ? `: let the server's user read it` : '';
  return `the ${what} cannot be read: ${code}${mending}`;
}
