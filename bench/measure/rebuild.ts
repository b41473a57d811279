import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../src/repository/files/layout.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { start } from '../process/start.ts';
import type { SizeRow } from '../report.ts';
import { type SizePlan, sessionCount } from '../stores/plan.ts';
import { vouchForSync } from '../stores/prepare.ts';
import { median } from './rounds.ts';

const ROUNDS = 3;
const LARGEST = 1_000_000;

/** Sessions a second, from warm files: how long a start takes without the index, less than one with it. */
export async function measureRebuild(
  directory: string,
  plans: readonly SizePlan[],
  report: Progress,
): Promise<SizeRow> {
  const values = new Map<number, number>();
  for (const { size, sessions } of plans) {
    report(`Building the index of ${sessions.name}`, 0, 0);
    const store = join(directory, sessions.name);
    const times: number[] = [];
    // The first round warms the files.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const present = await startAndStop(store);
      forgetIndex(store);
      const absent = await startAndStop(store);
      times.push(absent - present);
      if (size >= LARGEST && round > 0) break;
    }
    values.set(size, (sessionCount(sessions) * 1_000) / median(times.slice(1)));
  }
  const goal = { of: 'value', bound: 'at least', number: 20_000, size: LARGEST } as const;
  return { what: 'index rebuild: sessions', unit: '/s', values, goal };
}

async function startAndStop(store: string): Promise<number> {
  const { milliseconds, stop } = await start('process/open.ts', store);
  await stop();
  vouchForSync(store);
  return milliseconds;
}

function forgetIndex(store: string): void {
  const { index, indexClean } = layoutOf(store);
  for (const path of [indexClean, index, `${index}-wal`, `${index}-shm`]) rmSync(path, { force: true });
}
