import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf, sessionPath } from '../../src/repository/files/format/layout.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { generateStore } from './generate.ts';
import { GENERATOR_VERSION, type StorePlan } from './plan.ts';

/** A mark beside the data directory: the store was generated completely. */
const markOf = (directory: string) => `${directory}.made.json`;

/** Beyond this, appends of earlier runs have made the history too long. */
const GROWN = 1.1;

/** True if the store exists, is complete and of this version, and is unchanged except for a few appends. */
export function isMade(directory: string, plan: StorePlan): boolean {
  const mark = markOf(directory);
  if (!existsSync(mark) || !existsSync(directory)) return false;
  const { version, historyBytes } = JSON.parse(readFileSync(mark, 'utf8')) as Record<string, number>;
  return version === GENERATOR_VERSION && historySize(directory, plan) <= historyBytes! * GROWN;
}

/** Generates the store, replacing remains of another. */
export function makeStore(directory: string, plan: StorePlan, progress: Progress): void {
  removeStore(directory);
  generateStore(directory, plan, progress);
  // Otherwise the system's pending writes would disturb the next measurement.
  execFileSync('sync');
  const mark = { version: GENERATOR_VERSION, historyBytes: historySize(directory, plan) };
  writeFileSync(markOf(directory), JSON.stringify(mark));
}

/**
 * A start without an index does not know whether all files are on the disk, and syncs them in the background. Here they are, since
 * `makeStore`. Call this while the store is closed.
 */
export function vouchForSync(directory: string): void {
  rmSync(layoutOf(directory).unsynced, { force: true });
}

export function removeStore(directory: string): void {
  rmSync(markOf(directory), { force: true });
  rmSync(directory, { recursive: true, force: true });
}

function historySize(directory: string, plan: StorePlan): number {
  return plan.history > 0 ? statSync(join(directory, sessionPath('history'))).size : 0;
}
