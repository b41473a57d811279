import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';

/** JSON lines on standard output, each with its time and level in words. */
export function createLogger(level: Config['logLevel']): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
