import type { Value } from '../connection/value.ts';

/** A statement with the values of its parameters. */
export type Statement = readonly [sql: string, values: readonly Value[]];

/** By the texts of the statements. There are as many as there are kinds of mutations. */
const combined = new Map<string, string>();

/**
 * One statement that does what all do, in their order. They must change different rows: none sees what another one does. Each statement
 * costs the driver and the server more than the few rows that most of them are about.
 */
export function combine(statements: readonly Statement[]): Statement {
  if (statements.length === 1) return statements[0]!;
  const key = statements.map(([sql]) => sql).join(';');
  let sql = combined.get(key);
  if (sql === undefined) {
    sql = textOf(statements);
    combined.set(key, sql);
  }
  return [sql, statements.flatMap(([, values]) => values)];
}

function textOf(statements: readonly Statement[]): string {
  let before = 0;
  const parts = statements.map(([sql, values], n) => {
    const numbered = sql.replace(/\$(\d+)/g, (_, parameter) => `$${before + Number(parameter)}`);
    before += values.length;
    return `change_${n} AS (${numbered})`;
  });
  return `WITH ${parts.join(',\n')} SELECT 1 AS done`;
}
