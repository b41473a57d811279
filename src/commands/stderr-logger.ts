import { pino } from 'pino';
import type { Logger } from '../repository/observer.ts';
import { createPino } from '../server/logger.ts';
import { paintFor, prettyLine } from '../server/pretty-line.ts';

/** A logger for the store's warnings and errors on standard error: readable lines on a terminal, JSON lines otherwise. */
export function stderrLogger(): Logger {
  const { stderr } = process;
  const paint = paintFor(stderr);
  return createPino(
    'warn',
    stderr.isTTY
      ? { write: (line) => void stderr.write(prettyLine(line, paint)) }
      : pino.destination({ dest: stderr.fd, sync: true }),
  );
}
