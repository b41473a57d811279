import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import type { Part, PartOptions } from '../part.ts';
import { onServer, type Place } from './rounds.ts';

/** Milliseconds within which another instance must know of a change, at the median. */
const SEEN_MS = 50;
const CHANGES = 100;

/** How soon a change through one instance is seen through another. */
export const seenElsewhere: Part = {
  name: 'a change is seen through another instance',
  rounds: (asked) => Math.ceil(asked / 10),
  whyNot: () => null,
  run: (options) => onServer(options.seed, (place) => measure(place, options)),
};

async function measure({ server }: Place, { rounds, deadline }: PartOptions) {
  const open = () => openPostgresRepository({ url: server.url });
  const [one, other] = await Promise.all([open(), open()]);
  const waits: number[] = [];
  let round = 0;
  let heard = () => {};
  const stop = other.onChange(() => heard());
  try {
    await one.create({ id: 'a' });
    let mark = await other.mark();
    for (; round < rounds && Date.now() < deadline; round += 1) {
      for (let n = 0; n < CHANGES; n += 1) {
        const told = new Promise<void>((resolve) => {
          heard = resolve;
        });
        await one.append({ sessionId: 'a', messages: [{ role: 'USER', content: `${round}.${n}` }] });
        const begun = performance.now();
        // A reader looks once it is told, as a subscription does.
        await told;
        for (let isSeen = false; !isSeen; ) {
          const page = await other.changesSince({ within: null, after: mark, limit: 10 });
          mark = page.mark;
          isSeen = page.changes.length > 0;
        }
        waits.push(performance.now() - begun);
      }
    }
  } finally {
    stop();
    await Promise.all([one.close(), other.close()]);
  }
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1);
  const median = sorted[sorted.length >> 1] ?? 0;
  return {
    rounds: round,
    acknowledged: waits.length,
    faults: median > SEEN_MS ? [`expected ${SEEN_MS} ms at the median, took ${median.toFixed(1)} ms`] : [],
    note: `after ${at(0.5)} ms at the median, ${at(0.99)} ms at the 99th percentile`,
  };
}
