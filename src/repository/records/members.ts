/**
 * Validators for the members of records. They check every line of every file when an index is built, and
 * every new line of a session. They take a tenth of the time of the library that validates client input.
 */

/**
 * Returns null for a value that is a `T`. For any other value, returns where the fault is and what was
 * expected there, as `.messages.0.role: expected …`.
 */
export interface Check<T> {
  (value: unknown): string | null;
  /** Never set: it only carries `T` for the types below. */
  readonly accepts?: T;
}

/** A member that may be left out. */
export interface Optional<T> extends Check<T | undefined> {
  readonly isOptional: true;
}

type Shape = Readonly<Record<string, Check<unknown>>>;

type OptionalKeys<S> = { [K in keyof S]: S[K] extends { isOptional: true } ? K : never }[keyof S];

/** The type that a check accepts. */
export type Accepted<C> = C extends Check<infer T> ? T : never;

/** An object with members of this shape. */
export type Members<S extends Shape> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Accepted<S[K]>;
} & { readonly [K in OptionalKeys<S>]?: Accepted<S[K]> };

function check<T>(expected: string, holds: (value: unknown) => boolean): Check<T> {
  return (value) => (holds(value) ? null : misfit(expected, value));
}

function misfit(expected: string, value: unknown): string {
  return `: expected ${expected}, got ${kindOf(value)}`;
}

/** Never shows a text: texts are a session's content, and others read fault messages. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number') return String(value);
  if (typeof value === 'string') return 'another text';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

/** For a member that is left out where it does not hold. */
export const always: Check<true> = check('true', (value) => value === true);

export const anything: Check<unknown> = () => null;

export const text: Check<string> = check('text', (value) => typeof value === 'string');

export function textLike(pattern: RegExp): Check<string> {
  return check(`text like ${pattern}`, (value) => typeof value === 'string' && pattern.test(value));
}

export function oneOf<const T extends string>(...values: readonly T[]): Check<T> {
  const all = new Set<unknown>(values);
  return check(values.map((value) => `"${value}"`).join(' or '), (value) => all.has(value));
}

/** Only integers that a double holds exactly. */
export function integerFrom(least: number): Check<number> {
  return check(
    `a whole number from ${least} to 2^53 - 1`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least,
  );
}

export const amount: Check<number> = check(
  'a number from 0',
  (value) => Number.isFinite(value) && (value as number) >= 0,
);

const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/;

/** A time of RFC 3339 in UTC, as text. */
export const time: Check<string> = check('a time of RFC 3339 in UTC', (value) => {
  if (typeof value !== 'string' || !TIME.test(value)) return false;
  const day = Number(value.slice(8, 10));
  // Date turns 30 February into 2 March.
  return day <= 28 || new Date(value).getUTCDate() === day;
});

export function optional<T>(present: Check<T>): Optional<T> {
  return Object.assign((value: unknown) => (value === undefined ? null : present(value)), {
    isOptional: true,
  } as const);
}

export function nullable<T>(present: Check<T>): Check<T | null> {
  return (value) => (value === null ? null : present(value));
}

/** A list of at least `least` elements, and at most `most`. */
export function listOf<T>(
  element: Check<T>,
  least: number,
  most = Number.POSITIVE_INFINITY,
): Check<readonly T[]> {
  const expected = `a list of ${least === most ? least : `${least} or more`}`;
  return (value) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) return misfit(expected, value);
    for (let n = 0; n < value.length; n += 1) {
      const fault = element(value[n]);
      if (fault !== null) return `.${n}${fault}`;
    }
    return null;
  };
}

/** Members beside those of `shape` are ignored. */
export function objectOf<const S extends Shape>(shape: S): Check<Members<S>> {
  const names = Object.keys(shape);
  const checks = Object.values(shape);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return misfit('an object', value);
    for (let n = 0; n < names.length; n += 1) {
      const fault = checks[n]!((value as Record<string, unknown>)[names[n]!]);
      if (fault !== null) return `.${names[n]}${fault}`;
    }
    return null;
  };
}
