/** A time as the Python module writes it, read. */
export interface FileTime {
  /** To the millisecond; finer digits are cut. */
  readonly date: Date;
  /** Microseconds since 1970: the finer digits still tell which of two came first. */
  readonly microseconds: number;
  /** It came without an offset, and was read as local time. */
  readonly naive: boolean;
}

const PATTERN =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d{2}):?([0-5]\d)(?::?([0-5]\d))?)?$/;

/**
 * Reads what `datetime.isoformat()` writes: `2026-03-01T10:00:00`, with a fraction and an offset where it has them.
 * Null where `text` is not of that form, or names a day or an hour that does not exist.
 */
export function parseTime(text: string): FileTime | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, day, clock, fraction = '', zulu, sign, hours, minutes, seconds = '0'] = match;
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6));
  const millis = String(Math.floor(micros / 1000)).padStart(3, '0');
  const shown = new Date(`${day}T${clock}.${millis}Z`);
  // A date that does not exist (30 February, 24 o'clock) is invalid, or comes back as another one.
  if (Number.isNaN(shown.getTime()) || shown.toISOString() !== `${day}T${clock}.${millis}Z`) return null;
  const naive = zulu === undefined && sign === undefined;
  const offset = sign
    ? Number(`${sign}1`) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds))
    : 0;
  const date = naive ? localTime(shown) : new Date(shown.getTime() - offset * 1000);
  // Near the years 1 and 9999 an offset leads out of what four digits can say.
  if (!/^(?!0000)\d{4}-/.test(date.toISOString())) return null;
  return { date, microseconds: date.getTime() * 1000 + (micros % 1000), naive };
}

/** The moment at which the clocks of this machine's time zone show what `shown` shows in UTC. */
function localTime(shown: Date): Date {
  // Setters, not the constructor: that takes the years 0 to 99 for 1900 to 1999.
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
