import { join } from 'node:path';
import type { Progress } from '../../src/repository/observer.ts';
import { GRAPHQL_PATH } from '../../src/server/paths.ts';
import { startSessiontree } from '../contenders/sessiontree.ts';
import { residentMegabytes, start } from '../process/start.ts';
import type { SizeRow } from '../report.ts';
import type { SizePlan } from '../stores/plan.ts';
import { send } from './http-client.ts';
import { median } from './rounds.ts';

const ROUNDS = 7;
const LARGEST = 1_000_000;

/** The time from the start of the process, after a clean stop. */
export async function measureStartUp(
  directory: string,
  plans: readonly SizePlan[],
  report: Progress,
): Promise<SizeRow[]> {
  const open = new Map<number, number[]>();
  const answered = new Map<number, number[]>();
  const memory = new Map<number, number[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    report('Starting', round, ROUNDS);
    for (const { size, sessions } of plans) {
      const store = join(directory, sessions.name);
      const opened = await start('process/open.ts', store);
      await opened.stop();
      push(open, size, opened.milliseconds);

      const before = performance.now();
      const server = await startSessiontree(store);
      await send(`${server.url}${GRAPHQL_PATH}`, '{ sessions { nodes { id title } } }');
      push(answered, size, performance.now() - before);
      push(memory, size, residentMegabytes(server.pid));
      await server.stop();
    }
  }
  const goal = { of: 'value', bound: 'under', size: LARGEST } as const;
  return [
    { what: 'start-up, until the repository is open', unit: 'ms', values: medians(open) },
    {
      what: 'start-up, until the server has answered a first page',
      unit: 'ms',
      values: medians(answered),
      goal: { ...goal, number: 1_000 },
    },
    { what: 'memory after it', unit: 'MB', values: medians(memory), goal: { ...goal, number: 250 } },
  ];
}

function push(samples: Map<number, number[]>, size: number, value: number): void {
  samples.set(size, [...(samples.get(size) ?? []), value]);
}

function medians(samples: ReadonlyMap<number, readonly number[]>): Map<number, number> {
  return new Map([...samples].map(([size, values]) => [size, median(values)]));
}
