import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { quantity, type SingleRow } from '../report.ts';
import { exchangeOf } from '../stores/content.ts';
import { median } from './rounds.ts';
import { caughtUp } from './search.ts';

const CLIENTS = 32;
const WARM_UP = 4;
const ROUNDS = 12;
/** Less than a second: so long after it was opened a store has no search yet, unless it is asked for. */
const MILLISECONDS = 800;

interface Round {
  /** Exchanges a second. */
  readonly rate: number;
  /** Processor time of the whole process for one, in milliseconds, until all of them can be found. */
  readonly cpu: number;
}

/** What full text adds to durable exchanges: rounds with it and without it in turn. */
export async function measureIndexing(directory: string, report: Progress): Promise<SingleRow[]> {
  const store = join(directory, 'indexing');
  rmSync(store, { recursive: true, force: true });
  const pairs: { with: Round; without: Round }[] = [];
  try {
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      report('Appending with search, and without', round, WARM_UP + ROUNDS);
      const first = await appendFor(store, round % 2 === 0);
      const second = await appendFor(store, round % 2 !== 0);
      pairs.push(round % 2 === 0 ? { with: first, without: second } : { with: second, without: first });
    }
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
  const counted = pairs.slice(WARM_UP);
  const rate = median(counted.map((pair) => pair.with.rate / pair.without.rate));
  const rates = (['with', 'without'] as const).map((which) =>
    median(counted.map((pair) => pair[which].rate)),
  );
  const cpus = (['with', 'without'] as const).map((which) => median(counted.map((pair) => pair[which].cpu)));
  const [cpuWith, cpuWithout] = cpus as [number, number];
  return [
    {
      what: `${CLIENTS} clients' exchanges with search`,
      measured: `${quantity(rates[0], '/s')}; without ${quantity(rates[1], '/s')}; ${Math.round(rate * 100)}%`,
      goal: { text: 'a tenth slower at most', met: rate >= 0.9 },
    },
    {
      what: 'processor time of an exchange, both its messages indexed',
      measured: `${quantity(cpuWith, 'ms')}; without ${quantity(cpuWithout, 'ms')}; ${Math.round((cpuWith / cpuWithout) * 100)}%`,
    },
  ];
}

async function appendFor(directory: string, withSearch: boolean): Promise<Round> {
  const repository = await openFileRepository({ directory });
  try {
    const ids = Array.from({ length: CLIENTS }, (_, client) => `client-${client}`);
    const present = await repository.findMany(ids);
    await Promise.all(ids.filter((_, n) => !present[n]).map((id) => repository.create({ id })));
    if (withSearch) await caughtUp(repository);
    const used = process.cpuUsage();
    const started = performance.now();
    let count = 0;
    await Promise.all(
      ids.map(async (sessionId, n) => {
        while (performance.now() - started < MILLISECONDS) {
          await repository.append({ sessionId, messages: exchangeOf(n) });
          count += 1;
        }
      }),
    );
    const rate = (count * 1_000) / (performance.now() - started);
    if (withSearch) await caughtUp(repository);
    const { user, system } = process.cpuUsage(used);
    return { rate, cpu: (user + system) / 1_000 / count };
  } finally {
    await repository.close();
  }
}
