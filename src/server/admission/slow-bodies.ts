import type { Socket } from 'node:net';
import type { DropLog } from './drop-log.ts';

const SWEEP_MS = 1_000;
/** A client that sends 32 MiB in the time that a request may take sends eight times as much. */
const LEAST_BYTES_PER_SWEEP = 32 * 1024;
/** A client that has stopped for a moment is not given up. */
const SLOW_SWEEPS_MAX = 5;

/** A large body that is being received. */
export interface Receiving {
  readonly socket: Socket;
  bytesRead: number;
  slowSweeps: number;
}

/**
 * Closes connections on which a large body hardly advances, while other bodies wait for the room that was reserved for it. Without others
 * that wait, a slow client has all the time that a request may take.
 */
export class SlowBodies {
  readonly #isWaitedFor: () => boolean;
  readonly #drops: DropLog;
  readonly #receiving: Receiving[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = 0;

  constructor(isWaitedFor: () => boolean, drops: DropLog) {
    this.#isWaitedFor = isWaitedFor;
    this.#drops = drops;
  }

  add(socket: Socket): Receiving {
    const receiving = { socket, bytesRead: socket.bytesRead, slowSweeps: 0 };
    this.#receiving.push(receiving);
    return receiving;
  }

  remove(receiving: Receiving): void {
    this.#receiving.splice(this.#receiving.indexOf(receiving), 1);
  }

  /** To be called when a body has to wait. */
  watch(): void {
    if (this.#timer) return;
    for (const one of this.#receiving) note(one);
    this.#sweptAt = performance.now();
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  #sweep(): void {
    if (!this.#isWaitedFor()) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    // A late sweep says that this process was busy, and nothing about the clients.
    const isLate = now - this.#sweptAt > 2 * SWEEP_MS;
    this.#sweptAt = now;
    for (const one of [...this.#receiving]) {
      const isSlow = !isLate && one.socket.bytesRead - one.bytesRead < LEAST_BYTES_PER_SWEEP;
      one.bytesRead = one.socket.bytesRead;
      one.slowSweeps = isSlow ? one.slowSweeps + 1 : 0;
      if (one.slowSweeps < SLOW_SWEEPS_MAX) continue;
      this.#drops.report('its body hardly advanced while others waited for room (the limit bodiesBytes)');
      one.socket.destroy();
    }
  }
}

function note(receiving: Receiving): void {
  receiving.bytesRead = receiving.socket.bytesRead;
  receiving.slowSweeps = 0;
}
