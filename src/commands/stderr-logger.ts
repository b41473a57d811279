import { pino } from 'pino';
import type { Logger } from '../repository/observer.ts';

/** What a store has to say that a command's own output does not: warnings and faults, as JSON lines. */
export function stderrLogger(): Logger {
  return pino(
    { level: 'warn', base: null, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ dest: process.stderr.fd, sync: true }),
  );
}
