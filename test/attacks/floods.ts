import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../torture/random.ts';
import { type Attack, pickFor } from './attack.ts';
import { summaryOf } from './client.ts';
import { startGoodClient } from './good-client.ts';
import { Place } from './place.ts';
import { latencyText } from './report.ts';
import { faultsOfStored } from './stored.ts';

/** Attacks that run at the same time. */
const LANES = 3;
/** Milliseconds of rest before the memory is measured. */
const REST_MS = 15_000;
/** Megabytes that may be resident after the second flood beyond those after the first. */
const GROWTH_MB = 50;

export interface FloodOptions {
  readonly attacks: readonly Attack[];
  readonly seed: number;
  /** Of each of the two floods. */
  readonly minutes: number;
  readonly say: (text: string) => void;
  /** Aborted to end the floods early. */
  readonly signal: AbortSignal;
}

/** True if an attack can run again and again, beside others, on one server. */
export const isFloodable = ({ isAlone, server, forms }: Attack): boolean => !isAlone && !server && !forms;

/**
 * Random attacks, several at a time, on one server, and then as many again. Gives the faults: a server that ended, acknowledged
 * writes of the good client that are lost at the end or after a restart, memory that grew from the first flood to the second.
 */
export async function flood({ attacks, seed, minutes, say, signal }: FloodOptions): Promise<string[]> {
  const random = new Random(seed);
  const place = await Place.make(attacks, 'short');
  const faults: string[] = [];
  try {
    const server = await place.server();
    const resident: number[] = [];
    for (const round of [1, 2]) {
      server.forgetPeak();
      const client = await startGoodClient({ port: server.port, firstWrite: place.nextWrite, token: null });
      const got = new Map<string, number>();
      const end = performance.now() + minutes * 60_000;
      const isGoingOn = () => performance.now() < end && server.isRunning && !signal.aborted;
      let count = 0;
      const lane = async () => {
        while (isGoingOn()) {
          const attack = random.pick(attacks);
          if (attack.fillsDisk && !random.oneIn(10)) continue;
          count += 1;
          await attack
            .run({
              ...{
                server,
                directory: place.directory,
                form: place.form,
                pick: pickFor('short'),
                start: startsNothing,
                next: startsNothing,
              },
              got: (answer) => add(got, `${attack.name}: ${summaryOf(answer)}`),
              // Beside others an attack may be refused as a whole, and its own sessions have changed by then.
              expect: () => {},
            })
            .catch((error: Error) => add(got, `${attack.name}: ${error.message.slice(0, 80)}`));
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      const report = await client.stop();
      place.acknowledged.push(...report.acknowledged);
      if (!server.isRunning) {
        faults.push(`flood ${round}: the server is gone: ${server.errors.slice(-500)}`);
        break;
      }
      const peak = server.peakMb();
      await sleep(REST_MS, undefined, { signal }).catch(() => {});
      const told = await server.told();
      resident.push(told?.residentMb ?? 0);
      const crashes = [...got].filter(([what]) => /INTERNAL|INTERNAL_SERVER_ERROR/.test(what));
      for (const [what, times] of crashes) faults.push(`flood ${round}: ${times} × ${what}`);
      say(
        `flood ${round}: ${count} attacks; good client ${latencyText(report.latencies)} ms, ${report.acknowledged.length} writes acknowledged` +
          `${report.failures.length > 0 ? `, ${report.failures.join(', ')}` : ''}; ${peak.toFixed(0)} MB at the peak, ${resident.at(-1)!.toFixed(0)} after`,
      );
    }
    faults.push(...(await faultsOfStored(await place.server(), place.acknowledged)));
    await place.stop();
    const lost = await faultsOfStored(await place.server(), place.acknowledged);
    faults.push(...lost.map((fault) => `after a restart: ${fault}`));
    const grown = (resident[1] ?? 0) - (resident[0] ?? 0);
    if (grown > GROWTH_MB)
      faults.push(`${grown.toFixed(0)} MB more after the second flood than after the first`);
    return faults;
  } finally {
    await place.dispose();
  }
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

const startsNothing = () => Promise.reject(new Error('An attack of a flood starts no server.'));
