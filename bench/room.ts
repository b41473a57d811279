import { mkdirSync, statfsSync } from 'node:fs';
import { needOf, type StorePlan } from './stores/plan.ts';

/** Bytes that are left for the system and for the measurements. */
const SPARE_BYTES = 1_000_000_000;
const TMPFS = 0x01021994;

/** Throws an Error if there is no room for the stores that are still to be generated. */
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
  // Some file systems have no fixed number of inodes, and report 0.
  if (disk.files > 0 && disk.ffree < inodes) {
    throw new Error(`${names}: expected ${inodes} free inodes at ${directory}, got ${disk.ffree}. ${advice}`);
  }
}

/** File systems in memory: a sync costs nothing there, so a measurement would not show a disk. */
export function isInMemory(directory: string): boolean {
  return statfsSync(directory).type === TMPFS;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
