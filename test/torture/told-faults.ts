const MOST = 20;

/**
 * An evenly spread sample of many faults, with the number of the others. Faults are in the order of the damaged files: the first
 * ones would all be of one file.
 */
export function toldFaults(faults: readonly string[]): string[] {
  const stride = Math.max(1, faults.length / MOST);
  const told = faults.filter((_, number) => number % stride < 1);
  const more = faults.length - told.length;
  return more > 0 ? [...told, `and ${more} more`] : told;
}
