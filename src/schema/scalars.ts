import { isJsonObject, type JsonValue, kindOf } from '../model/json.ts';
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
    // The offset can move the year out of 0000 to 9999, the range of RFC 3339.
    if (time.toISOString().length === ISO_LENGTH) return time;
  }
  throw badUserInput(`expected a time such as "2026-01-31T09:30:00.000Z" (RFC 3339), got ${describe(value)}`);
}

/** False for 30 February, which `Date` reads as 2 March. */
function isCalendarDate(date: string): boolean {
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}

function parseSafeInt(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw badUserInput(`expected a whole number within ±(2^53 - 1), got ${describe(value)}`);
}

const MAX_SHOWN = 40;

/** The kind of a value, or a short value itself. A client's value can be megabytes long, or so deep that it overflows the stack. */
function describe(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    return value.length > MAX_SHOWN ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  return kindOf(value);
}

builder.scalarType('DateTime', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  description:
    'A time of RFC 3339. Output is in UTC with milliseconds: `2026-01-31T09:30:00.000Z`. Input may have any offset; digits below ' +
    'a millisecond are cut off. Leap seconds are refused.',
  serialize: isoTime,
  parseValue: parseDateTime,
});

builder.scalarType('JSON', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  description:
    'Any JSON value: an object, a list, a string, a number, a boolean or null. The value is stored unchanged, except that numbers ' +
    'are 64-bit floats: integers beyond 2^53 lose digits. Every key is data, even `__proto__`.',
  serialize: (value) => value,
  parseValue: (value) => value as JsonValue,
});

builder.scalarType('JSONObject', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-4',
  description:
    'A JSON object with any JSON values, stored as `JSON` is. Every key is data, even `__proto__`.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (isJsonObject(value)) return value;
    throw badUserInput(`expected a JSON object, got ${describe(value)}`);
  },
});

builder.scalarType('SafeInt', {
  specifiedByURL: 'https://tc39.es/ecma262/#sec-number.issafeinteger',
  description:
    'An integer within ±(2^53 - 1), the range that a JSON number holds exactly. Sums of tokens can exceed `Int`, which ends at 2^31 - 1.',
  serialize: (value) => value,
  parseValue: parseSafeInt,
});
