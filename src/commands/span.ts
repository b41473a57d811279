const UNIT_MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The milliseconds of a span such as `90s`, `15m`, `12h`, `7d` or `4w`; null if the text is none. */
export function spanIn(text: string): number | null {
  const [, count, unit] = /^(\d{1,5})([smhdw])$/.exec(text) ?? [];
  return unit === undefined ? null : Number(count) * UNIT_MILLISECONDS[unit]!;
}
