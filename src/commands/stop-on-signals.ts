import { constants } from 'node:os';
import type { Logger } from 'pino';
import { type RunningServer, STOP_MS_MAX } from '../server/http.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof SIGNALS)[number];

/**
 * Milliseconds that the store has to close after a second signal. It is not zero because shells and tools often send a signal both to
 * a process and to its group, to stop it once.
 */
const SECOND_SIGNAL_MS = 1_000;

/**
 * Stops the server at SIGTERM or SIGINT, and exits with 0, or with 1 if the store could not be closed. If the stop takes too long, the
 * process ends by the signal: every acknowledged write is durable, and the next start completes the rest. A second signal cuts off the
 * requests under way, and leaves the stop one second. A third one ends the process at once.
 */
export function stopOnSignals(server: RunningServer, logger: Logger): void {
  const first = (signal: Signal) => {
    replaceListener(first, second);
    logger.info({ signal }, 'stopping; a second signal ends the process within a second');
    endAfter(STOP_MS_MAX, signal, logger);
    stop(server, logger);
  };
  const second = (signal: Signal) => {
    // The system ends the process at a signal without a listener, even while the main thread is busy.
    replaceListener(second);
    endAfter(SECOND_SIGNAL_MS, signal, logger);
    // The first call handles the outcome.
    server.stop();
  };
  replaceListener(null, first);
}

type Listener = (signal: Signal) => void;

function replaceListener(listener: Listener | null, next?: Listener): void {
  for (const signal of SIGNALS) {
    if (next) process.on(signal, next);
    if (listener) process.off(signal, listener);
  }
}

async function stop(server: RunningServer, logger: Logger): Promise<void> {
  try {
    await server.stop();
    logger.info('stopped');
    process.exit(0);
  } catch (error) {
    logger.fatal({ err: error }, 'the store could not be closed');
    process.exit(1);
  }
}

/**
 * Ends the process by `signal`, unless it has ended by then. `process.exit` would wait for all threads, and neither a statement of
 * SQLite nor a sync can be interrupted.
 */
function endAfter(milliseconds: number, signal: Signal, logger: Logger): void {
  setTimeout(() => {
    logger.warn({ signal }, 'the store could not be closed in time: the next start completes it');
    logger.flush();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // The first process of a container is not ended by a signal of its own.
    process.exit(128 + constants.signals[signal]);
  }, milliseconds);
}
