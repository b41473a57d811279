import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes } from '../process/start.ts';
import { wideTree } from './cases.ts';
import { graphqlRequest, smallRead } from './queries.ts';
import type { Reached } from './running.ts';

/** After the first, the query is asked again: what one leaves behind may be there while the next is answered. */
const QUERIES = 5;
/** A server that has just started is given so many milliseconds to settle. */
const SETTLE = 1_000;
/** How often memory is looked at where the system keeps no peak, in milliseconds. */
const LOOK = 5;

/** Megabytes above idle that a fresh process reaches. */
export interface Peak {
  readonly first: number;
  /** The highest of several queries, one after the other. */
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

/** Linux keeps a process's peak, and forgets it when told to. False where it does not. */
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
