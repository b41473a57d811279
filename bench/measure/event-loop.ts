import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../src/repository/observer.ts';
import type { Delay, ServeMessage } from '../process/serve.ts';
import { type Started, start } from '../process/start.ts';
import { quantity, type SingleRow } from '../report.ts';
import { sessionIdOf, WIDE } from '../stores/content.ts';
import type { SizePlan, StorePlan } from '../stores/plan.ts';
import { makeStore, removeStore } from '../stores/prepare.ts';
import { FORKED, forkOf, forkRow } from './fork.ts';
import { send } from './http-client.ts';

/** Milliseconds between two requests of other clients. */
const TRICKLE = 10;
const QUIET_MILLISECONDS = 3_000;
/** The store compares its files for the first time a minute after its start. */
const SWEEP_BEGINS = 61_000;
const SWEEP_MILLISECONDS = 20_000;
const ROUNDS = 5;

type Server = Started<ServeMessage & { url: string }>;

/** Delays during a large operation: of the server's event loop, and of the small requests of other clients. */
interface Beside {
  readonly milliseconds: number;
  readonly delay: Delay;
  /** The longest duration of a small request. */
  readonly slowest: number;
}

/** A store that is generated for each run, because the measurement deletes sessions. */
const DELETABLE: StorePlan = { name: 'deletable', ordinary: 20_000, fixtures: true, history: 0 };

export async function measureEventLoop(
  directory: string,
  plan: SizePlan,
  report: Progress,
): Promise<SingleRow[]> {
  const trees = await start<ServeMessage & { url: string }>(
    'process/serve.ts',
    join(directory, plan.trees.name),
  );
  const treesStarted = performance.now();
  const rows: SingleRow[] = [];
  try {
    rows.push(row('nothing else', await besides(trees, () => sleep(QUIET_MILLISECONDS))));
    for (const [what, query] of Object.entries(BUDGET_QUERIES)) {
      report('Spending whole budgets', rows.length - 1, Object.keys(BUDGET_QUERIES).length);
      rows.push(blockRow(what, await middleRound(trees, query)));
    }
    const histories = await start<ServeMessage & { url: string }>(
      'process/serve.ts',
      join(directory, plan.history.name),
    );
    try {
      rows.push(
        blockRow(
          '50,000 objects: messages of one history',
          await middleRound(histories, await messagesQuery(histories)),
        ),
      );
      report('Forking', 0, 0);
      rows.push(...(await forkRows(histories, Math.min(plan.size, FORKED))));
    } finally {
      await histories.stop();
    }
    rows.push(await deletionRow(directory, report));
    report('Waiting for the background sweep', 0, 0);
    await sleep(Math.max(0, treesStarted + SWEEP_BEGINS - performance.now()));
    rows.push(row('the background sweep', await besides(trees, () => sleep(SWEEP_MILLISECONDS)), true));
  } finally {
    await trees.stop();
  }
  return rows;
}

const NODE = 'id title userId createdAt lastActiveAt messageCount version';
const NESTED = `${NODE} children { nodes { ${NODE} children { nodes { ${NODE} children { nodes { ${NODE} } } } } } }`;

const BUDGET_QUERIES = {
  '50,000 objects: 50 pages of sessions': aliased(50, () => `sessions(first: 1000) { nodes { ${NODE} } }`),
  '50,000 objects: 45 trees of 1,111, nested': aliased(45, () => `session(id: "tree") { ${NESTED} }`),
  '50,000 objects: 5 trees of 9,999, flat': aliased(
    5,
    (n) => `session(id: "wide") { descendants(first: ${9_998 - n}) { nodes { ${NODE} } } }`,
  ),
};

function aliased(count: number, field: (n: number) => string): string {
  return `{ ${Array.from({ length: count }, (_, n) => `a${n}: ${field(n)}`).join(' ')} }`;
}

const MESSAGE = 'id position role content createdAt usage { inputTokens outputTokens }';
const MESSAGE_PAGES = 49;

/** Consecutive pages of a thousand messages, as far as the history is long enough. */
async function messagesQuery({ message: { url } }: Server): Promise<string> {
  let after: string | null = null;
  const pages: string[] = [];
  for (let n = 0; n < MESSAGE_PAGES; n += 1) {
    const argument: string = after === null ? 'first: 1000' : `first: 1000, after: "${after}"`;
    pages.push(`history(${argument}) { nodes { ${MESSAGE} } }`);
    const answer: HistoryEnd = await send(
      url,
      `{ session(id: "history") { history(${argument}) { pageInfo { hasNextPage endCursor } } } }`,
    );
    const { hasNextPage, endCursor } = answer.session.history.pageInfo;
    after = hasNextPage ? endCursor : null;
  }
  return `{ session(id: "history") { ${pages.map((page, n) => `a${n}: ${page}`).join(' ')} } }`;
}

interface HistoryEnd {
  readonly session: { readonly history: { readonly pageInfo: { hasNextPage: boolean; endCursor: string } } };
}

/** The round with the median delay of the event loop, without the first round, which is the warm-up. */
async function middleRound(server: Server, query: string): Promise<Beside> {
  const rounds: Beside[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    rounds.push(await besides(server, () => send(server.message.url, query)));
  }
  return rounds.slice(1).sort((a, b) => a.delay.max - b.delay.max)[ROUNDS >> 1]!;
}

/** The fork with the median duration. */
async function forkRows(server: Server, length: number): Promise<SingleRow[]> {
  const rounds: Beside[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    let id = '';
    const through = `history:${length - 1}`;
    rounds.push(
      await besides(server, async () => {
        const { forkSession } = await send<{ forkSession: { session?: { id: string } } }>(
          server.message.url,
          `mutation { forkSession(input: { sessionId: "history", throughMessageId: "${through}", asRoot: true }) {
            ... on ForkSessionPayload { session { id } } } }`,
        );
        if (!forkSession.session) throw new Error('The fork was refused.');
        id = forkSession.session.id;
      }),
    );
    await send(
      server.message.url,
      `mutation { deleteSession(input: { sessionId: "${id}" }) { __typename } }`,
    );
  }
  const [first] = rounds as [Beside];
  const middle = rounds.toSorted((a, b) => a.milliseconds - b.milliseconds)[ROUNDS >> 1]!;
  const what = forkOf(length);
  return [
    row(what, middle, true),
    forkRow(`${what}, through the API, beside small requests`, first.milliseconds, middle.milliseconds),
  ];
}

async function deletionRow(directory: string, report: Progress): Promise<SingleRow> {
  const store = join(directory, DELETABLE.name);
  makeStore(store, DELETABLE, report);
  try {
    const server = await start<ServeMessage & { url: string }>('process/serve.ts', store);
    try {
      const beside = await besides(server, async () => {
        const { deleteSession } = await send<{ deleteSession: { deletedIds?: string[] } }>(
          server.message.url,
          'mutation { deleteSession(input: { sessionId: "wide", mode: CASCADE }) { ... on DeleteSessionPayload { deletedIds } } }',
        );
        const count = deleteSession.deletedIds?.length;
        if (count !== WIDE + 1) throw new Error(`Expected ${WIDE + 1} deleted sessions, got ${count}.`);
      });
      return row('a cascading delete of 10,000 sessions', beside, true);
    } finally {
      await server.stop();
    }
  } finally {
    removeStore(store);
  }
}

/** Runs `work` while small requests are sent at intervals. */
async function besides({ child, message: { url } }: Server, work: () => Promise<unknown>): Promise<Beside> {
  let slowest = 0;
  const requests: Promise<void>[] = [];
  const small = async (n: number) => {
    const sent = performance.now();
    await send(url, 'query ($id: ID!) { session(id: $id) { id title } }', { id: sessionIdOf(n % 1_000) });
    slowest = Math.max(slowest, performance.now() - sent);
  };
  await small(0);
  slowest = 0;
  child.send('reset');
  const trickle = setInterval(() => requests.push(small(requests.length)), TRICKLE);
  const started = performance.now();
  try {
    await work();
  } finally {
    clearInterval(trickle);
  }
  const milliseconds = performance.now() - started;
  const reported = once(child, 'message') as Promise<[{ delay: Delay }]>;
  child.send('report');
  const [{ delay }] = await reported;
  await Promise.all(requests);
  return { milliseconds, delay, slowest };
}

function row(what: string, { milliseconds, delay, slowest }: Beside, withGoal = false): SingleRow {
  const { p50, p99, max } = delay;
  const delays = [p50, p99, max].map((value) => quantity(value, 'ms')).join(', ');
  const measured = `${delays}; took ${quantity(milliseconds, 'ms')}; slowest small request ${quantity(slowest, 'ms')}`;
  const goal = { text: 'p99 under 20 ms', met: p99 < 20 };
  return { what: `event-loop delay (p50, p99, max) beside ${what}`, measured, ...(withGoal && { goal }) };
}

function blockRow(what: string, beside: Beside): SingleRow {
  const goal = { text: 'max at most 250 ms', met: beside.delay.max <= 250 };
  return { ...row(what, beside), goal };
}
