import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** What may be found in place of a file. */
export type OddKind =
  | 'a link'
  | 'a dangling link'
  | 'a link to itself'
  | 'a hard link'
  | 'a directory'
  | 'a FIFO'
  | 'a socket'
  | 'a device'
  | 'nothing'
  | 'an empty file';

/** Replaces a file. A link leads to `other`, which must exist. */
export async function replaceFile(path: string, kind: OddKind, other: string): Promise<void> {
  if (kind === 'an empty file') {
    writeFileSync(path, '', { flag: 'a' });
    truncateSync(path, 0);
    return;
  }
  rmSync(path, { recursive: true, force: true });
  if (kind === 'a link') symlinkSync(other, path);
  if (kind === 'a dangling link') symlinkSync(`${other}.nowhere`, path);
  if (kind === 'a link to itself') symlinkSync(path, path);
  if (kind === 'a hard link') linkSync(other, path);
  if (kind === 'a directory') mkdirSync(path);
  if (kind === 'a FIFO') execFileSync('mkfifo', [path]);
  if (kind === 'a device') symlinkSync('/dev/zero', path);
  if (kind === 'a socket') await leaveSocket(path);
}

/** A socket that nobody listens on any more stays as a file only if the listener did not close it. */
async function leaveSocket(path: string): Promise<void> {
  const kept = `${path}.s`;
  const server = createServer().listen(kept);
  await new Promise((resolve) => server.once('listening', resolve));
  linkSync(kept, path);
  await new Promise((resolve) => server.close(resolve));
  rmSync(kept, { force: true });
}
