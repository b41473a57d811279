import type { Progress } from '../../src/repository/observer.ts';
import { median } from '../measure/rounds.ts';
import { residentMegabytes } from '../process/start.ts';
import type { Contender, ContenderName, RunningServer } from './contender.ts';
import type { LiveOptions } from './options.ts';
import { measureRate } from './rates.ts';
import type { ByContender, StuckResult } from './results.ts';
import { onStages } from './stage.ts';

/** Subscribers that read. */
export const OTHERS = 10;
/** Changes per second. */
const RATE = 1_000;
const MEGABYTE = 1024 * 1024;

/** Measures what a client that never reads costs the server, and the others: beside a second server, which has no such client. */
export async function measureStuck(
  contenders: readonly Contender[],
  options: LiveOptions,
  report: Progress,
): Promise<ByContender<StuckResult>> {
  const results = new Map<ContenderName, StuckResult>();
  for (const contender of contenders) results.set(contender.name, await measure(contender, options, report));
  return results;
}

async function measure(
  contender: Contender,
  { directory, stuckChanges, stuckRounds, warmUpSeconds }: LiveOptions,
  report: Progress,
): Promise<StuckResult> {
  const seconds = stuckChanges / stuckRounds / RATE;
  return onStages([contender], directory, 'without', ([without]) =>
    onStages([contender], directory, 'with', async ([beside]) => {
      const stages = [without!, beside!] as const;
      const audiences = [await without!.open(OTHERS), await beside!.open(OTHERS)] as const;
      for (const n of [0, 1] as const) await measureRate(stages[n], audiences[n], RATE, warmUpSeconds);
      const idle = [await usedBytes(without!.server), await usedBytes(beside!.server)] as const;
      const ratios: number[] = [];
      const added: number[] = [];
      for (let round = 0; round < stuckRounds; round += 1) {
        report(`Changing a tree beside a client of ${contender.name} that never reads`, round, stuckRounds);
        // One more in each round: the server may close those that read nothing.
        await audiences[1].openUnread();
        const one = await measureRate(stages[0], audiences[0], RATE, seconds);
        const other = await measureRate(stages[1], audiences[1], RATE, seconds);
        ratios.push(other.p95 / one.p95);
        const grown = [await usedBytes(without!.server), await usedBytes(beside!.server)] as const;
        added.push(grown[1] - idle[1] - (grown[0] - idle[0]));
      }
      return { bytes: Math.max(...added), ratio: median(ratios) };
    }),
  );
}

/** After a garbage collection, if the server can be told to have one. */
async function usedBytes(server: RunningServer): Promise<number> {
  const memory = await server.memory();
  return memory ? memory.heap + memory.external : residentMegabytes(server.pid) * MEGABYTE;
}
