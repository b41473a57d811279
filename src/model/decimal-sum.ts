import { addOptionalDecimals } from './decimal.ts';

/** Digits after the point in each limb of a sum, from the highest down. */
const HIGH_DIGITS = 6;
const LOW_DIGITS = 9;
const FRACTION_DIGITS = HIGH_DIGITS + 2 * LOW_DIGITS;
/** Digits before the point that the highest limb of one number may have. */
const WHOLE_DIGITS = 6;
/** Numbers of which each limb holds the sum exactly: 2^53 is more than 9 × 10^15. */
const NUMBERS_MAX = 9_000;

/** An exact sum of very many decimal numbers, as `addOptionalDecimals` takes them: five times as fast, for those of everyday size. */
export class DecimalSum {
  #sum = '0';
  #high = 0;
  #middle = 0;
  #low = 0;
  #count = 0;

  add(decimal: string): void {
    const isNegative = decimal.charCodeAt(0) === MINUS;
    const start = isNegative ? 1 : 0;
    const point = decimal.indexOf('.');
    const end = point === -1 ? decimal.length : point;
    const fraction = point === -1 ? '' : decimal.slice(point + 1);
    if (end - start > WHOLE_DIGITS || fraction.length > FRACTION_DIGITS) {
      this.#sum = addOptionalDecimals(this.#sum, decimal)!;
      return;
    }
    const sign = isNegative ? -1 : 1;
    this.#high +=
      sign * (Number(decimal.slice(start, end)) * 10 ** HIGH_DIGITS + digits(fraction, 0, HIGH_DIGITS));
    if (fraction.length > HIGH_DIGITS) {
      this.#middle += sign * digits(fraction, HIGH_DIGITS, LOW_DIGITS);
      this.#low += sign * digits(fraction, HIGH_DIGITS + LOW_DIGITS, LOW_DIGITS);
    }
    this.#count += 1;
    if (this.#count === NUMBERS_MAX) this.#carry();
  }

  #carry(): void {
    const limbs: [number, number][] = [
      [this.#high, HIGH_DIGITS],
      [this.#middle, HIGH_DIGITS + LOW_DIGITS],
      [this.#low, FRACTION_DIGITS],
    ];
    for (const [limb, scale] of limbs) {
      if (limb !== 0) this.#sum = addOptionalDecimals(this.#sum, `${limb}e-${scale}`)!;
    }
    this.#high = 0;
    this.#middle = 0;
    this.#low = 0;
    this.#count = 0;
  }

  get value(): string {
    this.#carry();
    return this.#sum;
  }
}

const MINUS = '-'.charCodeAt(0);

/** `length` digits of a fraction from `from` on, as an integer; zeros where the fraction has ended. */
function digits(fraction: string, from: number, length: number): number {
  const some = fraction.slice(from, from + length);
  return some === '' ? 0 : Number(some) * 10 ** (length - some.length);
}
