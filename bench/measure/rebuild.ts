import { closeSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf, SHARDS } from '../../src/repository/files/format/layout.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { start } from '../process/start.ts';
import type { SizeRow } from '../report.ts';
import { type SizePlan, sessionCount } from '../stores/plan.ts';
import { vouchForSync } from '../stores/prepare.ts';
import { median } from './rounds.ts';

const ROUNDS = 3;
const LARGEST = 1_000_000;

/** Sessions per second, with files in the system's cache: the time of a start without the index, minus that of one with it. */
export async function measureRebuild(
  directory: string,
  plans: readonly SizePlan[],
  report: Progress,
): Promise<SizeRow> {
  const values = new Map<number, number>();
  for (const { size, sessions } of plans) {
    const store = join(directory, sessions.name);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      report(`Building the index of ${sessions.name}`, round, ROUNDS);
      const present = await startAndStop(store);
      forgetIndex(store);
      warm(store);
      const absent = await startAndStop(store);
      times.push(absent - present);
    }
    values.set(size, (sessionCount(sessions) * 1_000) / median(times));
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

/**
 * Reads all session files, which are small, in the order of a rebuild: a system that evicts from its cache what was not
 * used for a minute would otherwise have evicted some before they are read again.
 */
function warm(store: string): void {
  const { sessions } = layoutOf(store);
  const files = SHARDS.flatMap((shard) =>
    readdirSync(join(sessions, shard)).map((name) => ({ shard, name })),
  );
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  const buffer = Buffer.allocUnsafe(64 * 1024);
  for (const { shard, name } of files) {
    const file = openSync(join(sessions, shard, name), 'r');
    readSync(file, buffer);
    closeSync(file);
  }
}

function forgetIndex(store: string): void {
  const { index, indexClean } = layoutOf(store);
  for (const path of [indexClean, index, `${index}-wal`, `${index}-shm`]) rmSync(path, { force: true });
}
