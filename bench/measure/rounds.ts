/** A function to time, at one size. */
export interface Timed {
  readonly size: number;
  readonly run: () => unknown;
}

const WARM_UP = 3;
const FEWEST = 5;
const MOST = 300;
/** Milliseconds for all rounds of a row, roughly. */
const MILLISECONDS = 4_000;

/**
 * Milliseconds per function: medians over rounds in which all take turns, so that disturbances of the machine
 * affect all alike.
 */
export async function interleaved(cases: readonly Timed[]): Promise<Map<number, number>> {
  for (let n = 1; n < WARM_UP; n += 1) for (const { run } of cases) await run();
  const warm = performance.now();
  for (const { run } of cases) await run();
  const rounds = Math.min(MOST, Math.max(FEWEST, Math.ceil(MILLISECONDS / (performance.now() - warm))));
  const samples = new Map<number, number[]>(cases.map(({ size }) => [size, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < cases.length; turn += 1) {
      const { size, run } = cases[(round + turn) % cases.length]!;
      const start = performance.now();
      await run();
      samples.get(size)!.push(performance.now() - start);
    }
  }
  return new Map([...samples].map(([size, times]) => [size, median(times)]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
