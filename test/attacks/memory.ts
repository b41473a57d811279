import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const HAS_PROC = existsSync('/proc/self/status');

/** Megabytes that a process has resident now; 0 once it has ended. */
export function residentMb(pid: number): number {
  return HAS_PROC ? fieldOf(pid, 'VmRSS') : residentByPs(pid);
}

/** Megabytes that a process had resident at most since `resetPeak`, as far as the system tells. */
export function peakMb(pid: number): number {
  return HAS_PROC ? fieldOf(pid, 'VmHWM') : residentByPs(pid);
}

/** Lets the system forget the peak until now. */
export function resetPeak(pid: number): void {
  const reset = `/proc/${pid}/clear_refs`;
  if (existsSync(reset)) writeFileSync(reset, '5');
}

function fieldOf(pid: number, field: string): number {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    );
    return Number(kilobytes?.[1] ?? 0) / 1024;
  } catch {
    // The process has ended.
    return 0;
  }
}

function residentByPs(pid: number): number {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
  } catch {
    return 0;
  }
}
