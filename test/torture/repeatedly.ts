import type { Outcome, PartOptions } from './part.ts';

/** Runs `once` repeatedly, each time with another seed. */
export async function repeatedly(
  options: PartOptions,
  once: (options: PartOptions, round: number) => Promise<Outcome>,
): Promise<Outcome> {
  let sum: Outcome = { rounds: 0, acknowledged: 0, faults: [] };
  while (sum.rounds < options.rounds && Date.now() < options.deadline) {
    const { acknowledged, faults } = await once({ ...options, seed: options.seed + sum.rounds }, sum.rounds);
    sum = {
      rounds: sum.rounds + 1,
      acknowledged: sum.acknowledged + acknowledged,
      faults: [...sum.faults, ...faults.map((fault) => `round ${sum.rounds}: ${fault}`)],
    };
  }
  return sum;
}
