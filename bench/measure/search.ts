import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { SearchPage } from '../../src/repository/reads.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import type { Goal, SizeRow } from '../report.ts';
import type { SizePlan } from '../stores/plan.ts';
import { KINDS } from '../stores/searchable.ts';
import { caughtUp } from './catch-up.ts';
import { median } from './rounds.ts';

const LARGEST = 1_000_000;
const WARM_UP = 5;
const SEARCHES = 40;
const PAGE = 20;

/** Measures the first page of a search, and the speed of indexing before it. */
export async function measureSearch(
  directory: string,
  plans: readonly SizePlan[],
  report: Progress,
): Promise<SizeRow[]> {
  const taken = new Map<number, number>();
  const times = new Map(Object.keys(KINDS).map((kind) => [kind, new Map<number, number>()]));
  for (const { size, search } of plans) {
    const store = join(directory, search.name);
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(store, `search.db${suffix}`), { force: true });
    const repository = await openFileRepository({ directory: store });
    try {
      report(`Indexing the text of ${search.name}`, 0, 0);
      taken.set(size, (size * 1_000) / (await caughtUp(repository)));
      for (const [kind, { every, query }] of Object.entries(KINDS)) {
        report(`Searching ${search.name}`, 0, 0);
        times.get(kind)!.set(size, await medianSearch(repository, size / every, query));
      }
    } finally {
      await repository.close();
    }
  }
  return [
    ...[...times].map(
      ([kind, values]): SizeRow => ({ what: `search for ${kind}`, unit: 'ms', values, goal: goalOf(kind) }),
    ),
    { what: 'search index: messages taken in', unit: '/s', values: taken },
  ];
}

function goalOf(kind: string): Goal {
  const { every } = KINDS[kind as keyof typeof KINDS];
  return { of: 'value', bound: 'under', number: every < 100 ? 500 : 50, size: LARGEST };
}

/** `found` is the number of matching messages, at most a full page. */
async function medianSearch(
  repository: SessionRepository,
  found: number,
  query: (n: number) => string,
): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < WARM_UP + SEARCHES; n += 1) {
    const started = performance.now();
    const { hits } = await searchFor(repository, query(n));
    times.push(performance.now() - started);
    const expected = Math.min(PAGE, Math.floor(found));
    if (hits.length < expected)
      throw new Error(`"${query(n)}" gave ${hits.length} messages, expected ${expected}.`);
  }
  return median(times.slice(WARM_UP));
}

function searchFor(repository: SessionRepository, query: string): Promise<SearchPage> {
  return repository.search({ query, limit: PAGE });
}
