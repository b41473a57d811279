import { styleText } from 'node:util';
import { printable } from '../printable.ts';

/** A line of the log as pino writes it. */
interface Line {
  readonly level: string;
  /** ISO 8601, or milliseconds since 1970. */
  readonly time: string | number;
  readonly msg: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
  readonly [field: string]: unknown;
}

/** The line of a request as `logRequest` writes it. */
interface RequestLine extends Line {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly operation?: string;
  readonly operationName?: string;
  readonly fields?: readonly string[];
  readonly status: number;
  readonly milliseconds: number;
  readonly errors?: readonly string[];
  readonly messages?: readonly string[];
  readonly refused?: readonly string[];
}

export type Style = 'dim' | 'bold' | 'green' | 'yellow' | 'red';
export type Paint = (style: Style, text: string) => string;

/** Applies colours if `stream` supports them; NO_COLOR, FORCE_COLOR and TERM=dumb are respected. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (style, text) => (text === '' ? '' : styleText(style, text, { stream }));
}

/** Formats a JSON line of the log for people: when, what, how long, and what was wrong. */
export function prettyLine(json: string, paint: Paint): string {
  const line = JSON.parse(json) as Line;
  const time = paint('dim', new Date(line.time).toTimeString().slice(0, 'hh:mm:ss'.length));
  const parts = isRequest(line) ? requestParts(line, paint) : eventParts(line, paint);
  return `${[time, ...parts.filter((part) => part !== '')].join('  ')}\n${stackOf(line)}`;
}

function isRequest(line: Line): line is RequestLine {
  return line.msg === 'request' && typeof line.status === 'number';
}

function requestParts(line: RequestLine, paint: Paint): string[] {
  const { method, path, operation, status, milliseconds } = line;
  const { fields = [], errors = [], messages = [], refused = [] } = line;
  const name = line.operationName ?? (fields.length > 0 ? `{ ${fields.join(' ')} }` : '');
  const what = operation ? `${operation} ${name}`.trimEnd() : `${method} ${path}`;
  const isFine = status < 400 && errors.length === 0 && refused.length === 0;
  const codes = [status >= 400 ? status : '', ...errors].filter((code) => code !== '').join(' ');
  const reasons = messages.length > 0 ? `: ${messages.join('; ')}` : '';
  // An internal error has a line of its own, with the same id.
  const id = errors.includes('INTERNAL_SERVER_ERROR') ? ` requestId=${line.requestId}` : '';
  return [
    paint(isFine ? 'green' : 'bold', printable(what)),
    paint('dim', duration(milliseconds)),
    paint('yellow', printable(refused.join(', '))),
    paint(status >= 500 ? 'red' : 'yellow', printable(`${codes}${reasons}${id}`)),
  ];
}

const LEVELS: Readonly<Record<string, { readonly word: string; readonly style: Style }>> = {
  trace: { word: 'trace', style: 'dim' },
  debug: { word: 'debug', style: 'dim' },
  warn: { word: 'warning', style: 'yellow' },
  error: { word: 'error', style: 'red' },
  fatal: { word: 'fatal', style: 'red' },
};

function eventParts({ level, time: _, msg, err, ...fields }: Line, paint: Paint): string[] {
  const severity = LEVELS[level];
  const told = Object.entries(fields)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const)
    // The message contains it.
    .filter(([name]) => name !== 'url')
    .map(([name, value]) => printable(`${name}=${value}`));
  return [
    severity ? paint(severity.style, severity.word) : '',
    printable(err?.message ? `${msg}: ${err.message}` : msg),
    paint('dim', told.join(' ')),
  ];
}

/** The stack of an error, on the lines below. */
function stackOf({ err }: Line): string {
  const frames = (err?.stack ?? '').split('\n').filter((frame) => /^\s+at /.test(frame));
  return frames.map((frame) => `${printable(frame)}\n`).join('');
}

function duration(milliseconds: number): string {
  if (milliseconds >= 1_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${milliseconds >= 10 ? Math.round(milliseconds) : milliseconds.toFixed(1)} ms`;
}
