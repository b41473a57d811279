const DAY = 86_400_000;
const MINUTE = 60_000;

/** So many days that were last written are kept, each in the place of its number. */
const DAYS = 2 ** 10;
const dates: string[] = Array(DAYS).fill('');
const dated = new Float64Array(DAYS).fill(Number.NaN);

const padded = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, n) => String(n).padStart(length, '0'));

const TWO_DIGITS = padded(60, 2);
/** `T09:30:`, of each minute of a day. */
const MINUTES = Array.from(
  { length: DAY / MINUTE },
  (_, minute) => `T${TWO_DIGITS[Math.trunc(minute / 60)]}:${TWO_DIGITS[minute % 60]}:`,
);
const SECONDS = TWO_DIGITS.map((digits) => `${digits}.`);
const MILLISECONDS = padded(1_000, 3).map((digits) => `${digits}Z`);

/** So many forms that were last written are kept. */
const FORM_BITS = 13;
const forms: string[] = Array(2 ** FORM_BITS).fill('');
const formed = new Float64Array(2 ** FORM_BITS).fill(Number.NaN);

/**
 * What `toISOString` says of a time, which takes a microsecond: more than all else that a field takes. One that was just written
 * takes a twentieth of that, another a fifth. Throws a RangeError for an invalid one.
 */
export function isoTime(time: Date): string {
  const milliseconds = time.getTime();
  // Knuth's multiplicative hash: times are often whole seconds, or of one batch.
  const place = Math.imul(milliseconds, 0x9e3779b1) >>> (32 - FORM_BITS);
  if (formed[place] !== milliseconds) {
    forms[place] = formOf(time, milliseconds);
    formed[place] = milliseconds;
  }
  return forms[place]!;
}

function formOf(time: Date, milliseconds: number): string {
  const day = Math.floor(milliseconds / DAY);
  const place = day & (DAYS - 1);
  if (dated[place] !== day) {
    dates[place] = time.toISOString().split('T')[0]!;
    dated[place] = day;
  }
  const ofDay = milliseconds - day * DAY;
  const minute = Math.trunc(ofDay / MINUTE);
  const ofMinute = ofDay - minute * MINUTE;
  const second = Math.trunc(ofMinute / 1_000);
  return dates[place]! + MINUTES[minute] + SECONDS[second] + MILLISECONDS[ofMinute - second * 1_000];
}
