import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';

export interface SocketLock {
  release(): void;
}

/**
 * Locks a directory by an abstract UNIX socket, which Linux keeps in memory: no removal or replacement of files undoes the lock, and
 * the kernel releases it when the process ends, however it ends. The name of the socket is made of the directory's device and inode,
 * so that all paths to a directory are one lock. Child processes do not inherit it. The names are those of a network namespace:
 * containers that share a directory do not see each other's sockets.
 *
 * Resolves with null if another process holds the lock. Rejects if the system has no such sockets, or does not permit one.
 */
export async function lockBySocket(directory: string): Promise<SocketLock | null> {
  // Nothing is said to a process that connects.
  const server = createServer((socket) => socket.destroy());
  // A worker of node:cluster would otherwise share the sockets of its siblings.
  server.listen({ path: `\0${nameOf(directory)}`, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
  server.unref();
  return { release: () => void server.close() };
}

/** True if a process holds the lock of `lockBySocket`. False where the system has no list of sockets. */
export function isLockedBySocket(directory: string): boolean {
  let sockets: string;
  try {
    sockets = readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return false;
  }
  // The list shows the NUL before an abstract name as "@".
  return `${sockets}\n`.includes(` @${nameOf(directory)}\n`);
}

function nameOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `sessiontree-lock-${dev}-${ino}`;
}
