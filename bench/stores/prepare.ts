import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf, sessionPath } from '../../src/repository/files/layout.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { generateStore } from './generate.ts';
import { GENERATOR_VERSION, type StorePlan } from './plan.ts';

/** Beside the data directory, not in it: it says that the store was made whole. */
const markOf = (directory: string) => `${directory}.made.json`;

/** Past this, the appends of earlier runs have made a history too long. */
const GROWN = 1.1;

/** Is the store there, whole, of this generator, and (but for a few appends) as it was made? */
export function isMade(directory: string, plan: StorePlan): boolean {
  const mark = markOf(directory);
  if (!existsSync(mark) || !existsSync(directory)) return false;
  const { version, historyBytes } = JSON.parse(readFileSync(mark, 'utf8')) as Record<string, number>;
  return version === GENERATOR_VERSION && historySize(directory, plan) <= historyBytes! * GROWN;
}

/** Makes the store, in place of what may be left of another. */
export function makeStore(directory: string, plan: StorePlan, progress: Progress): void {
  removeStore(directory);
  generateStore(directory, plan, progress);
  // What the system has still to write would be measured with whatever comes next.
  execFileSync('sync');
  const mark = { version: GENERATOR_VERSION, historyBytes: historySize(directory, plan) };
  writeFileSync(markOf(directory), JSON.stringify(mark));
}

/**
 * A start that finds no index cannot know that all files are on the disk, and syncs them behind its back; here they are, since
 * `makeStore`. To be called while nobody has the store open.
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
