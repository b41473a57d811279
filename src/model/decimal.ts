/** An exact decimal number: `digits` × 10^-`scale`. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/**
 * The exact sum of two decimal numbers, each as `String(number)` or this function writes it: 0.1 and 0.2 are 0.3. Sums of money in
 * binary fractions would drift.
 */
function addDecimals(a: string, b: string): string {
  const [x, y] = [parse(a), parse(b)];
  const scale = Math.max(x.scale, y.scale);
  return print({ digits: scaled(x, scale) + scaled(y, scale), scale });
}

/** The sum of those that are not null; null if both are. */
export function addOptionalDecimals(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return addDecimals(a, b);
}

/** The number without an exponent, and without zeros at its end: 1e-7 is 0.0000001. */
export function decimalOf(number: number): string {
  const text = String(number);
  return text.includes('e') ? print(parse(text)) : text;
}

/** A number, as `addOptionalDecimals` writes it, with the other sign. 0 has none. */
export function negated(decimal: string): string {
  if (decimal === '0') return decimal;
  return decimal.startsWith('-') ? decimal.slice(1) : `-${decimal}`;
}

function scaled({ digits, scale }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - scale);
}

function parse(text: string): Decimal {
  const match = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (!match) throw new Error(`Expected a decimal number, got "${text}".`);
  const [, whole, fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

function print({ digits, scale }: Decimal): string {
  if (digits < 0n) return `-${print({ digits: -digits, scale })}`;
  if (scale === 0) return String(digits);
  const text = String(digits).padStart(scale + 1, '0');
  const fraction = text.slice(-scale).replace(/0+$/, '');
  return fraction === '' ? text.slice(0, -scale) : `${text.slice(0, -scale)}.${fraction}`;
}
