import type { z } from 'zod';
import { isJsonObject, kindOf } from './json.ts';

/** A fault of a value. The message is `expected …, got …`, followed by `advice` if the expectation does not imply what to do. */
export interface Fault {
  readonly expected: string;
  /** What came, never the value itself, which may be secret, or megabytes long. Default: a description of the value. */
  readonly got?: string;
  /** The flaw of the value, and its position: `NUL as character 5`. */
  readonly flaw?: string | undefined;
  readonly advice?: string;
}

/** Puts a value in words. */
export type DescribeValue = (value: unknown) => string;

/** The kind and the length of a value, without any of its text. Numbers and booleans are shown. */
export function describeValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === '') return 'an empty string';
  if (typeof value === 'string')
    return `a string of ${value.length} ${value.length === 1 ? 'character' : 'characters'}`;
  if (value instanceof Date) return 'an invalid time';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return isJsonObject(value) ? 'an object' : kindOf(value);
}

export function faultMessage(
  { expected, got, flaw, advice }: Fault,
  value: unknown,
  describe: DescribeValue = describeValue,
): string {
  const came = (got ?? describe(value)) + (flaw === undefined ? '' : ` with ${flaw}`);
  return `expected ${expected}, got ${came}${advice === undefined ? '' : `. ${advice}`}`;
}

/** A fault as an issue of Zod. The parts of the message are in `params`, because an issue has only one text. */
export function customIssue(fault: Fault, path: PropertyKey[] = []) {
  return { code: 'custom' as const, path, message: fault.expected, params: { fault } };
}

/** The message of an issue about `value`. The text of an issue without `params` is what was expected. */
export function issueMessage(issue: z.core.$ZodIssue, value: unknown, describe: DescribeValue): string {
  const fault = issue.code === 'custom' ? (issue.params?.fault as Fault | undefined) : undefined;
  return faultMessage(fault ?? { expected: issue.message }, value, describe);
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  date: 'a time',
};

/** The expectation of a rule without a text of its own, for Zod's `error` option. */
export function expectedBy(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return KINDS[issue.expected];
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  return undefined;
}

/** The value at `path` in `value`; undefined if there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((held, key) => {
    if (Array.isArray(held)) return held[Number(key)];
    return isJsonObject(held) && Object.hasOwn(held, key) ? held[String(key)] : undefined;
  }, value);
}
