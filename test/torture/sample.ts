import { Fault, type Outcome, type PartOptions } from './part.ts';
import { Random } from './random.ts';

/** Tries the cases 0 to `count - 1`: all of them, or an evenly spread sample that begins at a random case. */
export async function tryCases(
  count: number,
  { rounds, seed, deadline, until }: PartOptions,
  tryCase: (number: number) => Promise<void>,
): Promise<Outcome> {
  const stride = Math.max(1, count / rounds);
  const faults: string[] = [];
  let tried = 0;
  for (let at = new Random(seed).below(Math.ceil(stride)); at < count; at += stride) {
    if (Date.now() > deadline) break;
    tried += 1;
    try {
      await tryCase(Math.floor(at));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push(error.message);
      if (until?.test(error.message)) break;
    }
  }
  return { rounds: tried, acknowledged: 0, faults };
}
