import { readFileSync } from 'node:fs';

/** Milliseconds per unit: Linux counts processor time in hundredths of a second. */
const TICK = 10;

/** Milliseconds of processor time that a process has used, with all its threads. Of Linux alone. */
export function processorTime(pid: number): number {
  // proc_pid_stat(5): the name stands in parentheses; 12 and 13 fields after it, user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** The share of a core that a process uses during `work`. */
export async function loadDuring<Value>(
  pid: number,
  work: () => Promise<Value>,
): Promise<{ readonly load: number; readonly value: Value }> {
  const before = processorTime(pid);
  const begun = performance.now();
  const value = await work();
  return { load: (processorTime(pid) - before) / (performance.now() - begun), value };
}

/** The line of /proc/self/limits. */
const OPEN_FILES = /^Max open files +(\d+) /m;

/** How many files this process may open. Node.js has raised the limit to what the system allows at most, and child processes inherit it. */
export function openFilesMax(): number {
  return Number(OPEN_FILES.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY);
}
