import { mkdirSync, statfsSync } from 'node:fs';
import { needOf, type StorePlan } from './stores/plan.ts';

/** Left over for the system and for what is measured. */
const SPARE_BYTES = 1_000_000_000;
const TMPFS = 0x01021994;

/** Throws an Error that says what is missing where the stores that are still to be made do not fit. */
export function checkRoom(
  directory: string,
  missing: readonly StorePlan[],
  advice = 'Name another directory with --dir, or less with --sizes.',
): void {
  mkdirSync(directory, { recursive: true });
  const disk = statfsSync(directory);
  const needs = missing.map(needOf);
  const bytes = SPARE_BYTES + needs.reduce((sum, need) => sum + need.bytes, 0);
  const inodes = needs.reduce((sum, need) => sum + need.inodes, 0);
  const free = disk.bavail * disk.bsize;
  const names = missing.map(({ name }) => name).join(', ') || 'the run';
  if (free < bytes) {
    throw new Error(
      `${names}: expected ${gigabytes(bytes)} free at ${directory}, got ${gigabytes(free)}. ${advice}`,
    );
  }
  // Some file systems have no fixed number of inodes, and say 0.
  if (disk.files > 0 && disk.ffree < inodes) {
    throw new Error(`${names}: expected ${inodes} free inodes at ${directory}, got ${disk.ffree}. ${advice}`);
  }
}

/** Syncing costs nothing there: what is measured is then not what a disk does. */
export function isInMemory(directory: string): boolean {
  return statfsSync(directory).type === TMPFS;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
