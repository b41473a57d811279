import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLClient } from 'graphql-request';
import { SESSION } from '../packages/client/src/generated/operations.ts';
import { Sessiontree } from '../packages/client/src/index.ts';
import { median } from './measure/rounds.ts';
import type { ServeMessage } from './process/serve.ts';
import { start } from './process/start.ts';
import { machine, metText, quantity, table } from './report.ts';

/**
 * Compares clients in a program: `@sessiontree/client`, graphql-request, and plain `fetch` with and without a time limit, which read the
 * same session from the same server, one request after another. They take turns in short rounds, so that disturbances of the machine affect
 * all alike.
 */
const ROUNDS = Number(process.argv[2] ?? 120);
const REQUESTS_PER_ROUND = 200;
const ID = 'trip';

interface Cost {
  /** Microseconds per request. */
  readonly time: number;
  /** Microseconds of processor time of this program per request, its other threads included. */
  readonly cpu: number;
}

function contenders(url: string): ReadonlyMap<string, () => Promise<unknown>> {
  const headers = { 'content-type': 'application/json' };
  const client = new Sessiontree(url);
  const graphqlRequest = new GraphQLClient(url);
  const plainRead = async (signal?: AbortSignal) => {
    const body = JSON.stringify({ query: SESSION, variables: { id: ID } });
    const response = await fetch(url, { method: 'POST', headers, body, signal: signal ?? null });
    return ((await response.json()) as { data: { session: unknown } }).data.session;
  };
  return new Map<string, () => Promise<unknown>>([
    ['fetch', () => plainRead()],
    // As a program by hand would bound its requests: the client always does.
    ['fetch with a time limit', () => plainRead(AbortSignal.timeout(60_000))],
    ['@sessiontree/client', () => client.sessions.get(ID)],
    [
      'graphql-request',
      async () => (await graphqlRequest.request<{ session: unknown }>(SESSION, { id: ID })).session,
    ],
  ]);
}

async function costOf(read: () => Promise<unknown>): Promise<Cost> {
  const before = process.cpuUsage();
  const started = performance.now();
  for (let n = 0; n < REQUESTS_PER_ROUND; n += 1) await read();
  const time = ((performance.now() - started) * 1_000) / REQUESTS_PER_ROUND;
  const { user, system } = process.cpuUsage(before);
  return { time, cpu: (user + system) / REQUESTS_PER_ROUND };
}

async function measure(url: string): Promise<Map<string, Cost[]>> {
  const all = [...contenders(url)];
  const costs = new Map<string, Cost[]>(all.map(([name]) => [name, []]));
  const expected = JSON.stringify(await all[0]![1]());
  for (const [name, read] of all) {
    const got = JSON.stringify(await read());
    if (got !== expected) throw new Error(`Expected the same session from ${name}: ${expected}, got: ${got}`);
    // Until its code is optimized.
    for (let n = 0; n < 10; n += 1) await costOf(read);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < all.length; turn += 1) {
      const [name, read] = all[(round + turn) % all.length]!;
      costs.get(name)!.push(await costOf(read));
    }
  }
  return costs;
}

/** The median over rounds of the ratio to fetch in the same round. */
function ratio(costs: readonly Cost[], base: readonly Cost[], of: keyof Cost): number {
  return median(costs.map((cost, round) => cost[of] / base[round]![of]));
}

const directory = mkdtempSync(join(tmpdir(), 'sessiontree-bench-'));
const server = await start<ServeMessage & { readonly url: string }>('process/serve.ts', directory);
try {
  const { url } = server.message;
  await new Sessiontree(url).sessions.create({ id: ID, title: 'Plan a trip', metadata: { topic: 'travel' } });
  const costs = await measure(url);
  const base = costs.get('fetch')!;
  const percent = (value: number) => `${value >= 1 ? '+' : ''}${((value - 1) * 100).toFixed(1)}%`;
  const rows = [...costs].map(([name, own]) => {
    const [time, cpu] = [ratio(own, base, 'time'), ratio(own, base, 'cpu')];
    return [
      name,
      quantity(median(own.map((cost) => cost.time)), 'µs'),
      percent(time),
      quantity(median(own.map((cost) => cost.cpu)), 'µs'),
      percent(cpu),
      name === '@sessiontree/client' ? `${metText(time <= 1.05)} (at most 5% over fetch)` : '',
    ];
  });
  const header = ['a small read', 'time', 'over fetch', 'processor', 'over fetch', 'goal'];
  process.stdout.write(`${machine()}\n\n${table([header, ...rows])}\n`);
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}
