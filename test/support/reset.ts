import type { Socket } from 'node:net';

/**
 * Ends a connection without a farewell: the other side gets ECONNRESET. One whose end is being sent is only closed: Node.js 24 would
 * neither reset nor close it (EINVAL), and its process would never come to its end.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
