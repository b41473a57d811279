const MOST = 20;

/**
 * Of many faults an even choice, and how many more there are. They come in the order of the files that were broken: the first
 * ones would be of one file.
 */
export function toldFaults(faults: readonly string[]): string[] {
  const stride = Math.max(1, faults.length / MOST);
  const told = faults.filter((_, number) => number % stride < 1);
  const more = faults.length - told.length;
  return more > 0 ? [...told, `and ${more} more`] : told;
}
