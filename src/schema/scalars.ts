import { isJsonObject, type JsonValue } from '../model/json.ts';
import { builder } from './builder.ts';
import { isoTime } from './iso-time.ts';
import { badUserInput } from './request-error.ts';

const RFC_3339 =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;
const ISO_LENGTH = '2026-01-31T09:30:00.000Z'.length;

function parseDateTime(value: unknown): Date {
  const date = typeof value === 'string' ? RFC_3339.exec(value)?.[1] : undefined;
  if (date !== undefined && isCalendarDate(date)) {
    const time = new Date(value as string);
    // Its offset can carry a time out of the years of four digits that RFC 3339 has.
    if (time.toISOString().length === ISO_LENGTH) return time;
  }
  throw badUserInput(`expected a time such as "2026-01-31T09:30:00.000Z" (RFC 3339), got ${describe(value)}`);
}

/** `Date` takes 30 February for 2 March. */
function isCalendarDate(date: string): boolean {
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}

function parseSafeInt(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw badUserInput(`expected a whole number within ±(2^53 - 1), got ${describe(value)}`);
}

const MAX_SHOWN = 40;

/** What came, in a few words: a value of a client's can be megabytes long, or nested deep enough to overflow the stack. */
function describe(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    return value.length > MAX_SHOWN ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

builder.scalarType('DateTime', {
  description:
    'A moment, as RFC 3339 has it. Given in UTC with milliseconds: `2026-01-31T09:30:00.000Z`. ' +
    'Taken with any offset; what is finer than a millisecond is cut off.',
  serialize: isoTime,
  parseValue: parseDateTime,
});

builder.scalarType('JSON', {
  description:
    'Any JSON value: an object, a list, a string, a number, a boolean or null. Kept as it was given, but that a number is a ' +
    '64-bit float: whole numbers past 2^53 lose digits. Every key is data, `__proto__` too.',
  serialize: (value) => value,
  parseValue: (value) => value as JsonValue,
});

builder.scalarType('JSONObject', {
  description:
    'A JSON object: keys and any JSON values, kept as `JSON` is. Every key is data, `__proto__` too.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (isJsonObject(value)) return value;
    throw badUserInput(`expected a JSON object, got ${describe(value)}`);
  },
});

builder.scalarType('SafeInt', {
  description:
    'A whole number of up to 2^53 - 1, which is what a JSON number holds exactly: counts of tokens add up past the 2^31 ' +
    'of `Int`.',
  serialize: (value) => value,
  parseValue: parseSafeInt,
});
