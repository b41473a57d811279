import type { Value } from './value.ts';

/** Homes that a statement names one by one. More homes are in most partitions, so that little would be pruned. */
const NAMED_MAX = 16;

/** That the home of a row is among those of a parameter. */
const AMONG_HOMES = /\bhome = ANY\(\$(\d+)::int8\[\]\)/g;

/** The forms of a statement, by how many homes it is about. */
interface Forms {
  /** The numbers of the parameters with homes, from 1. */
  readonly parameters: readonly number[];
  readonly one: string;
  readonly few: string;
}

const known = new Map<string, Forms>();

/**
 * The form of a statement whose generic plan reads no partition but those of its homes. In a generic plan, PostgreSQL prunes partitions for
 * `home = ANY(ARRAY[$1, …])`, but not for an array that is one parameter. So `home = ANY($1::int8[])` becomes `=` for one home, and an
 * array of its elements for up to `NAMED_MAX`. `values` must hold each home once.
 */
export function namingHomes(sql: string, values: readonly Value[]): string {
  let forms = known.get(sql);
  if (forms === undefined) {
    forms = formsOf(sql);
    known.set(sql, forms);
  }
  if (forms.parameters.length === 0) return sql;
  const most = Math.max(...forms.parameters.map((n) => (values[n - 1] as readonly Value[]).length));
  if (most <= 1) return forms.one;
  return most <= NAMED_MAX ? forms.few : sql;
}

function formsOf(sql: string): Forms {
  const element = (parameter: string, n: number) => `($${parameter}::int8[])[${n}]`;
  const elements = (parameter: string) =>
    Array.from({ length: NAMED_MAX }, (_, n) => element(parameter, n + 1)).join(', ');
  return {
    parameters: [...new Set([...sql.matchAll(AMONG_HOMES)].map(([, parameter]) => Number(parameter)))],
    one: sql.replace(AMONG_HOMES, (_, parameter) => `home = ${element(parameter, 1)}`),
    few: sql.replace(AMONG_HOMES, (_, parameter) => `home = ANY(ARRAY[${elements(parameter)}])`),
  };
}
