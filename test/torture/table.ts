/** A table with aligned columns, for a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  // The last column is not padded: it may be a sentence.
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n]!))
      .join('  ')
      .trimEnd();
  return [head, widths.map((width) => '-'.repeat(Math.min(width, 40))), ...rows].map(line).join('\n');
}
