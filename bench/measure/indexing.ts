import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { quantity, type SingleRow } from '../report.ts';
import { exchangeOf } from '../stores/content.ts';
import { caughtUp } from './catch-up.ts';
import { median } from './rounds.ts';

const CLIENTS = 32;
const WARM_UP = 4;
const ROUNDS = 12;
/** A turn takes less than a second: a store starts its search index a second after it was opened, unless a search comes first. */
const MILLISECONDS = { before: 200, counted: 600 };

interface Round {
  /** Exchanges per second, while they are appended. */
  readonly rate: number;
  /** Milliseconds from the last append until all of them can be found. */
  readonly behind: number;
}

interface Pair {
  readonly with: Round;
  readonly without: Round;
}

/** Measures the cost of full text for durable exchanges, in rounds with and without it in turn. */
export async function measureIndexing(directory: string, report: Progress): Promise<SingleRow[]> {
  const store = join(directory, 'indexing');
  rmSync(store, { recursive: true, force: true });
  const pairs: Pair[] = [];
  try {
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      report('Appending with search, and without', round, WARM_UP + ROUNDS);
      const withFirst = round % 2 === 0;
      const first = await appendFor(store, `first-${round}`, withFirst);
      const second = await appendFor(store, `second-${round}`, !withFirst);
      pairs.push(withFirst ? { with: first, without: second } : { with: second, without: first });
    }
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
  return rows(pairs.slice(WARM_UP));
}

function rows(pairs: readonly Pair[]): SingleRow[] {
  const of = (value: (pair: Pair) => number) => median(pairs.map(value));
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const rate = of((pair) => pair.with.rate / pair.without.rate);
  const [rateWith, rateWithout] = [of((pair) => pair.with.rate), of((pair) => pair.without.rate)];
  const behind = of((pair) => pair.with.behind);
  return [
    {
      what: `${CLIENTS} clients' exchanges while a thread of its own indexes what it can of them`,
      measured:
        `${quantity(rateWith, '/s')}; without ${quantity(rateWithout, '/s')}; ${percent(rate)}; ` +
        `then ${quantity(behind, 'ms')} until all is indexed`,
      goal: { text: 'at least 90%', met: rate >= 0.9 },
    },
  ];
}

/** The ids of its sessions contain `round`, so that every round begins with new sessions. */
async function appendFor(directory: string, round: string, withSearch: boolean): Promise<Round> {
  const repository = await openFileRepository({ directory });
  try {
    const ids = Array.from({ length: CLIENTS }, (_, client) => `${round}-client-${client}`);
    await Promise.all(ids.map((id) => repository.create({ id })));
    // Lets the thread index what an earlier round has left, and warm up.
    if (withSearch) await caughtUp(repository);
    await append(repository, ids, MILLISECONDS.before);
    if (withSearch) await caughtUp(repository);
    const rate = await append(repository, ids, MILLISECONDS.counted);
    const behind = withSearch ? await caughtUp(repository) : 0;
    return { rate, behind };
  } finally {
    await repository.close();
  }
}

/** Resolves with the number of exchanges per second. */
async function append(
  repository: SessionRepository,
  ids: readonly string[],
  milliseconds: number,
): Promise<number> {
  const started = performance.now();
  let count = 0;
  await Promise.all(
    ids.map(async (sessionId, n) => {
      while (performance.now() - started < milliseconds) {
        await repository.append({ sessionId, messages: exchangeOf(n) });
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - started);
}
