import { Fault, type Outcome, type PartOptions } from './part.ts';
import { Random } from './random.ts';

/** Faults that are told; the rest are counted. */
const TOLD = 20;

/** Tries `count` cases, numbered from 0: all of them, or as many as are asked for, evenly spread from where the seed says. */
export async function tryCases(
  count: number,
  { rounds, seed, deadline }: PartOptions,
  tryCase: (number: number) => Promise<void>,
): Promise<Outcome> {
  const stride = Math.max(1, count / rounds);
  const faults: string[] = [];
  let tried = 0;
  let found = 0;
  for (let at = new Random(seed).below(Math.ceil(stride)); at < count; at += stride) {
    if (Date.now() > deadline) break;
    tried += 1;
    try {
      await tryCase(Math.floor(at));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      found += 1;
      if (found <= TOLD) faults.push(error.message);
    }
  }
  if (found > TOLD) faults.push(`and ${found - TOLD} more`);
  return { rounds: tried, acknowledged: 0, faults };
}
