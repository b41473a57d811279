/** Columns in line, for a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  // What comes last is not padded: it may be a sentence.
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n]!))
      .join('  ')
      .trimEnd();
  return [head, widths.map((width) => '-'.repeat(Math.min(width, 40))), ...rows].map(line).join('\n');
}

const MOST_TOLD = 20;

/** Of many an even choice, and how many more there are: they come in the order of the files that were broken, and none is to be left out. */
export function faultsToTell(faults: readonly string[]): string[] {
  const stride = Math.max(1, faults.length / MOST_TOLD);
  const told = faults.filter((_, number) => number % stride < 1);
  const more = faults.length - told.length;
  return more > 0 ? [...told, `and ${more} more`] : told;
}
