import type { Progress } from '../../src/repository/observer.ts';
import { median } from '../measure/rounds.ts';
import type { Audience } from './audience.ts';
import type { Contender, ContenderName } from './contender.ts';
import type { LiveOptions } from './options.ts';
import { loadDuring } from './process-usage.ts';
import type { ByContender, RateResult } from './results.ts';
import { onStages, type Stage } from './stage.ts';

export const SUBSCRIBERS = 1_000;
/** Changes per second. */
export const RATES = [100, 10] as const;
/** Milliseconds that the last deliveries may take. */
const LAST_DELIVERY = 5_000;
/** A server that does not keep up is given so many times the time. */
const PATIENCE = 2;

/** Measures subscribers to one tree that changes at a steady rate. The contenders take turns in each round. */
export async function measureRates(
  contenders: readonly Contender[],
  { directory, rounds, seconds, warmUpSeconds }: LiveOptions,
  report: Progress,
): Promise<ReadonlyMap<number, ByContender<RateResult>>> {
  return onStages(contenders, directory, 'rates', async (stages) => {
    const audiences = new Map<Stage, Audience>();
    for (const stage of stages) {
      const audience = await stage.open(SUBSCRIBERS);
      await measureRate(stage, audience, RATES[0], warmUpSeconds);
      audiences.set(stage, audience);
    }
    const results = new Map<number, Map<ContenderName, RateResult>>();
    for (const rate of RATES) {
      const samples = new Map<ContenderName, RateResult[]>();
      for (let round = 0; round < rounds; round += 1) {
        report(`Changing a tree ${rate} times a second`, round, rounds);
        for (const [stage, audience] of audiences) {
          const { name } = stage.contender;
          const sample = await measureRate(stage, audience, rate, seconds);
          samples.set(name, [...(samples.get(name) ?? []), sample]);
        }
      }
      results.set(rate, new Map([...samples].map(([name, own]) => [name, middleOf(own)])));
    }
    return results;
  });
}

/** Writes at a rate for some seconds, and waits until all is delivered. */
export async function measureRate(
  { server, writer }: Stage,
  audience: Audience,
  rate: number,
  seconds: number,
): Promise<RateResult> {
  const count = Math.ceil(rate * seconds);
  await audience.record(writer.next, count);
  const { load, value: written } = await loadDuring(server.pid, () =>
    writer.write(count, rate, seconds * PATIENCE),
  );
  await audience.hasDelivered(written.count, LAST_DELIVERY);
  const latency = await audience.latency(written);
  return {
    load,
    median: latency.median ?? Number.POSITIVE_INFINITY,
    p95: latency.p95 ?? Number.POSITIVE_INFINITY,
    sinceDue: latency.sinceDue ?? Number.POSITIVE_INFINITY,
    perSecond: written.count / written.seconds,
  };
}

function middleOf(samples: readonly RateResult[]): RateResult {
  const of = (key: keyof RateResult) => median(samples.map((sample) => sample[key]));
  return {
    load: of('load'),
    median: of('median'),
    p95: of('p95'),
    sinceDue: of('sinceDue'),
    perSecond: of('perSecond'),
  };
}
