/** A parsed time of the Python module. */
export interface FileTime {
  /** Truncated to milliseconds. */
  readonly date: Date;
  /** Microseconds since 1970, to order times within one millisecond. */
  readonly microseconds: number;
  /** True if the time has no offset and was read as local time. */
  readonly naive: boolean;
}

const PATTERN =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d{2}):?([0-5]\d)(?::?([0-5]\d))?)?$/;

/** The largest offset of any time zone, which is also the limit of XML Schema. */
const MAX_OFFSET_SECONDS = 14 * 3600;

/**
 * Parses the output of `datetime.isoformat()`: `2026-03-01T10:00:00`, with an optional fraction and an optional offset.
 * Returns null if `text` has another form, or a day, hour or offset that does not exist.
 */
export function parseTime(text: string): FileTime | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, day, clock, fraction = '', zulu, sign, hours, minutes, seconds = '0'] = match;
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6));
  const millis = String(Math.floor(micros / 1000)).padStart(3, '0');
  const shown = new Date(`${day}T${clock}.${millis}Z`);
  // `Date` rejects a time that does not exist (30 February, 24 o'clock), or normalises it to another.
  if (Number.isNaN(shown.getTime()) || shown.toISOString() !== `${day}T${clock}.${millis}Z`) return null;
  const naive = zulu === undefined && sign === undefined;
  const offset = sign
    ? Number(`${sign}1`) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds))
    : 0;
  if (Math.abs(offset) > MAX_OFFSET_SECONDS) return null;
  const date = naive ? localTime(shown) : new Date(shown.getTime() - offset * 1000);
  // Near the years 1 and 9999, applying the offset can leave the range of four-digit years.
  if (!/^(?!0000)\d{4}-/.test(date.toISOString())) return null;
  return { date, microseconds: date.getTime() * 1000 + (micros % 1000), naive };
}

/** The time whose local representation in this machine's time zone equals the UTC representation of `shown`. */
function localTime(shown: Date): Date {
  // Setters instead of the constructor, which maps the years 0 to 99 to 1900 to 1999.
  const date = new Date(2000, 0, 1, 12);
  date.setFullYear(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate());
  date.setHours(
    shown.getUTCHours(),
    shown.getUTCMinutes(),
    shown.getUTCSeconds(),
    shown.getUTCMilliseconds(),
  );
  return date;
}
