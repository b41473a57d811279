/** Why something in the place of a session's file is not read. */
export const NOT_PLAIN = 'not a plain file: links are not followed';

/** What is thrown for it, by the code with which the system refuses a link. */
export function notPlain(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: ${NOT_PLAIN}`), { code: 'ELOOP' });
}

const OF_FILE = new Set<string | undefined>(['ENOENT', 'ELOOP', 'EISDIR', 'EACCES', 'EPERM', 'EIO']);

/** Does the system say this of one file: that it is gone, no plain file, not to be read, or on a bad sector? It costs no other file anything. */
export function isFaultOfOneFile(error: unknown): error is NodeJS.ErrnoException {
  return OF_FILE.has((error as NodeJS.ErrnoException).code);
}

/** `error` in the words of a report. */
export function reasonOf({ code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'the file is gone';
  return code === 'ELOOP' || code === 'EISDIR' ? NOT_PLAIN : `the file cannot be read: ${code}`;
}
