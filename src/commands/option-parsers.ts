import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

/** A rule for several values in one text, separated by commas. */
export function list<Output>(rule: z.ZodType<Output, string>) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(rule));
}

/** A parser for an option. Commander adds the value, and the flag or variable, to the error message. */
export function parser<Rule extends z.ZodType>(rule: Rule, expected: string) {
  return (value: string): z.output<Rule> => {
    const result = rule.safeParse(value);
    if (!result.success) throw new InvalidArgumentError(`Expected ${expected}.`);
    return result.data;
  };
}

/** A parser for an option that may be repeated: the values accumulate. */
export function collector<Rule extends z.ZodType, All>(
  rule: Rule,
  expected: string,
  add: (all: All, more: z.output<Rule>) => All,
) {
  const parse = parser(rule, expected);
  return (value: string, all: All): All => add(all, parse(value));
}

export const concatenated = (all: readonly string[], more: readonly string[]) => [...all, ...more];
