import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes } from '../process/start.ts';
import { wideTree } from './cases.ts';
import { graphqlRequest, smallRead } from './queries.ts';
import type { Reached } from './running.ts';

/** Queries per process: garbage of one query may still be in memory while the next is answered. */
const QUERIES = 5;
/** Milliseconds that a server gets to settle after its start. */
const SETTLE = 1_000;
/** Milliseconds between two measurements of memory, if the system records no peak. */
const LOOK = 5;

/** Megabytes above idle that a new process reaches. */
export interface Peak {
  readonly first: number;
  /** The highest value over several consecutive queries. */
  readonly highest: number;
}

export async function measurePeak({ pid, connection }: Reached): Promise<Peak> {
  await connection.text(graphqlRequest(smallRead('small')));
  await sleep(SETTLE);
  const idle = residentMegabytes(pid);
  const peaks: number[] = [];
  for (let n = 0; n < QUERIES; n += 1) {
    const peak = await peakDuring(pid, () => connection.text(graphqlRequest(wideTree())));
    peaks.push(peak - idle);
  }
  return { first: peaks[0]!, highest: Math.max(...peaks) };
}

async function peakDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  if (resetPeak(pid)) {
    await work();
    return kernelPeak(pid);
  }
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, residentMegabytes(pid));
  };
  const timer = setInterval(look, LOOK);
  await work().finally(() => clearInterval(timer));
  look();
  return peak;
}

/** Resets the peak memory that Linux records for a process. False if the system records none. */
function resetPeak(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

function kernelPeak(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1_024;
}
