import type { Socket } from 'node:net';

/** Milliseconds between two sweeps over the connections, at most. */
export const SWEEP_MS = 1_000;

/** Milliseconds that a client has that reads nothing while others need the room. */
const SCARCE_WRITE_MS = 2_000;

export interface StallOptions {
  /** Milliseconds after which a connection is closed whose client reads nothing of its answer. */
  readonly writeMs: number;
  /** True while unread answers take much of the room for answers. A client that reads nothing then has less time. */
  readonly isScarce: () => boolean;
}

/** What is known of how a client reads. */
export interface ReadProgress {
  /** Bytes that the system has taken, when they were last found to be more. */
  sentBytes: number;
  sentAt: number;
}

/** Finds, sweep by sweep, the clients that read nothing. Node.js has no timeout for that by default. */
export class StallDetector {
  readonly #options: StallOptions;
  /** Milliseconds between two sweeps. */
  readonly sweepMs: number;
  #sweptAt = performance.now();

  constructor(options: StallOptions) {
    this.#options = options;
    this.sweepMs = Math.min(SWEEP_MS, options.writeMs / 4);
  }

  /** Begins a sweep, and gives its check: whether a client has read nothing for longer than it may. */
  sweep(): (socket: Socket, progress: ReadProgress) => boolean {
    const { writeMs, isScarce } = this.#options;
    const now = performance.now();
    // A late sweep says that this process was busy, and nothing about the clients.
    const wasBusy = now - this.#sweptAt > this.sweepMs + SWEEP_MS;
    this.#sweptAt = now;
    const allowedMs = isScarce() ? Math.min(writeMs, SCARCE_WRITE_MS) : writeMs;
    return (socket, progress) => {
      const sentBytes = socket.writableLength > 0 ? bytesSent(socket) : null;
      if (sentBytes !== null && !wasBusy && sentBytes === progress.sentBytes)
        return now - progress.sentAt >= allowedMs;
      progress.sentBytes = sentBytes ?? 0;
      progress.sentAt = now;
      return false;
    };
  }
}

/**
 * Bytes that the system has taken from a socket. `bytesWritten` counts all of a buffer as soon as any of it is being written, which for
 * a long answer is the whole of it; net.Socket itself looks at the same queue for its timeouts.
 */
function bytesSent(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { bytesWritten: number; writeQueueSize: number } | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}
