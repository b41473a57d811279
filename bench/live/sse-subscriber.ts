import { connect, type Socket } from 'node:net';
import { now } from './clock.ts';
import { findMarkers, MARKER_LENGTH } from './marker.ts';
import type { Subscription } from './subscription.ts';

export type OnChange = (change: number, time: number) => void;

/** A subscriber that can be closed. */
export interface Subscriber {
  close(): void;
}

/**
 * Subscribes over a socket, and looks for markers in what comes: a client that parses everything would take more of the machine than the
 * server. Resolves once the answer has begun.
 */
export function subscribeToStream(
  { url, method, path, body }: Extract<Subscription, { transport: 'sse' }>,
  onChange: OnChange,
  reads: boolean,
): Promise<Subscriber> {
  const { hostname, port, host } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<Subscriber>();
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  let rest: Buffer = Buffer.alloc(0);
  let hasBegun = false;
  socket.on('connect', () =>
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n` +
        `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  socket.on('data', (chunk: Buffer) => {
    const time = now();
    if (!hasBegun) {
      hasBegun = true;
      const status = chunk.toString('latin1', 0, 12);
      if (status !== 'HTTP/1.1 200') {
        reject(new Error(`Expected a stream of ${path}, got: ${chunk.toString().slice(0, 500)}`));
        socket.destroy();
        return;
      }
      if (!reads) socket.pause();
      resolve({ close: () => socket.destroy() });
    }
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    findMarkers(all, (change) => onChange(change, time));
    // A marker may continue in the next chunk. One that is found twice counts once.
    rest = Buffer.from(all.subarray(Math.max(0, all.length - MARKER_LENGTH + 1)));
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`Expected a stream of ${path}, got an end of the connection.`)));
  return promise;
}
