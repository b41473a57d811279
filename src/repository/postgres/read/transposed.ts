/** Rows as columns, each of which is a parameter of a statement. `width`: the number of columns. */
export function transposed<T>(rows: readonly (readonly T[])[], width: number): T[][] {
  return Array.from({ length: width }, (_, n) => rows.map((row) => row[n]!));
}
