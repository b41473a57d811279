import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { GatheredLines } from './gathered-lines.ts';
import { paintFor, prettyLine } from './pretty-line.ts';
import { openStandardOutput } from './standard-output.ts';

/** The log on standard output, as JSON lines or as text for people. */
export function createLogger({ logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>): Logger {
  const paint = paintFor(process.stdout);
  const format = logFormat === 'json' ? undefined : (line: string) => prettyLine(line, paint);
  return createPino(
    logLevel,
    new GatheredLines({ output: openStandardOutput(), format, notice: droppedLine }),
  );
}

/** The line that stands for `dropped` lines of the log. */
function droppedLine(dropped: number): string {
  const time = new Date().toISOString();
  const msg = 'lines of the log are missing here: standard output took no more';
  return `${JSON.stringify({ level: 'warn', time, dropped, msg })}\n`;
}

/** JSON lines, with time and level in words. */
export function createPino(level: LevelWithSilent, stream: DestinationStream): Logger {
  return pino(
    { level, base: null, timestamp: timeMember(), formatters: { level: (label) => ({ level: label }) } },
    stream,
  );
}

/** The time of a line in ISO 8601. It is formatted once a millisecond: that takes longer than the rest of the line. */
function timeMember(): () => string {
  let last = 0;
  let member = '';
  return () => {
    const now = Date.now();
    if (now !== last) member = `,"time":"${new Date(now).toISOString()}"`;
    last = now;
    return member;
  };
}
