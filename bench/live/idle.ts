import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../src/repository/observer.ts';
import { residentMegabytes } from '../process/start.ts';
import type { Contender, RunningServer } from './contender.ts';
import type { LiveOptions } from './options.ts';
import { loadDuring } from './process-usage.ts';
import type { ByContender, IdleResult } from './results.ts';
import { onStages, type Stage } from './stage.ts';

/** The server is used before anything is counted, so that its code is loaded. */
const WARM_UP_SUBSCRIBERS = 20;
/** Changes per second. */
const WARM_UP_RATE = 1_000;
/** A server that does not keep up is given so many times the time. */
const PATIENCE = 2;
const SETTLE_MS = 2_000;
const MEGABYTE = 1024 * 1024;

/** Measures subscribers to whom nothing happens. All have got one change before. */
export async function measureIdle(
  contenders: readonly Contender[],
  options: LiveOptions,
  report: Progress,
): Promise<ByContender<IdleResult>> {
  const { directory, idleSeconds } = options;
  return onStages(contenders, directory, 'idle', async (stages) => {
    const bytes: number[] = [];
    for (const [n, stage] of stages.entries()) {
      report('Opening idle subscribers', n, stages.length);
      bytes.push(await bytesEach(stage, options));
    }
    report('Waiting beside idle subscribers', 0, 0);
    await sleep(SETTLE_MS);
    const loads = await Promise.all(
      stages.map(({ server }) => loadDuring(server.pid, () => sleep(idleSeconds * 1_000))),
    );
    return new Map(
      stages.map(({ contender }, n) => [contender.name, { bytes: bytes[n]!, load: loads[n]!.load }]),
    );
  });
}

async function bytesEach(stage: Stage, { subscribers, warmUpSeconds }: LiveOptions): Promise<number> {
  const { server, writer } = stage;
  await stage.open(WARM_UP_SUBSCRIBERS);
  await writer.write(WARM_UP_RATE * warmUpSeconds, WARM_UP_RATE, PATIENCE * warmUpSeconds);
  await sleep(SETTLE_MS);
  const before = await residentBytes(server);
  const opened = subscribers - WARM_UP_SUBSCRIBERS;
  await stage.open(opened);
  await sleep(SETTLE_MS);
  return ((await residentBytes(server)) - before) / opened;
}

/**
 * After a garbage collection, and without the room for new objects, which depends on what the server does at once; of a server that can
 * be told to collect.
 */
async function residentBytes(server: RunningServer): Promise<number> {
  const memory = await server.memory();
  return memory ? memory.resident - memory.young : residentMegabytes(server.pid) * MEGABYTE;
}
