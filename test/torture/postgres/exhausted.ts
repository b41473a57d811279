import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { StorageError } from '../../../src/model/errors.ts';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { DeadlineExceededError } from '../../../src/repository/read-options.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { Fault, type Outcome, type Part, type PartOptions } from '../part.ts';
import { onServer } from './rounds.ts';
import { query } from './verify-store.ts';

/** Milliseconds. */
const DEADLINE = 300;
/** Milliseconds by which an answer may be late on a busy machine. */
const LATE = 1_500;
/** How often a read is repeated whose answer was late: something else can hold up the machine, though not each time. */
const TRIES = 6;
/** Milliseconds within which PostgreSQL begins, or ends, a statement: it is waited for. */
const PATIENCE = 30_000;
/** Milliseconds until a request that finds all connections in use must have been refused: it waits for one for 10 s, and only once. */
const REFUSED = 18_000;

const CONNECTIONS = 2;

/** Statements that wait or run for the store. */
const SELECT_RUNNING = `SELECT query FROM pg_stat_activity
  WHERE application_name = 'sessiontree' AND state <> 'idle' AND pid <> pg_backend_pid()`;

/** All connections of an instance are held by statements that wait: for a lock, here. */
export const exhausted: Part = {
  name: 'an exhausted pool, and statements past their deadlines',
  rounds: (asked) => Math.ceil(asked / 10),
  whyNot: () => null,
  run: (options) => onServer(options.seed, ({ server }) => rounds(server.url, options)),
};

async function rounds(url: string, options: PartOptions): Promise<Outcome> {
  let round = 0;
  const outcome = (faults: readonly string[]): Outcome => ({ rounds: round, acknowledged: round, faults });
  const repository = await openPostgresRepository({ url, connections: CONNECTIONS });
  try {
    for (; round < options.rounds && Date.now() < options.deadline; round += 1)
      await exhaust(url, repository, `s${round}`);
    return outcome([]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return outcome([`round ${round}: ${error.message}`]);
  } finally {
    await repository.close();
  }
}

async function exhaust(url: string, repository: SessionRepository, id: string): Promise<void> {
  await repository.create({ id });
  const blocker = new pg.Client({ connectionString: url });
  await blocker.connect();
  try {
    await blocker.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    await expectDeadline(url, 'while it runs', (deadline) => repository.findMany([id], { deadline }));
    await expectAbort(url, (signal) => repository.findMany([id], { signal }));

    const title = 'held';
    const held = Array.from({ length: CONNECTIONS }, () => repository.findMany([id]));
    await expectRunning(url, CONNECTIONS);
    const refused = expectRefused(() => repository.update({ sessionId: id, title }));
    const late = (deadline: number) => repository.findMany([id], { deadline });
    await expectOver('without a free connection', DEADLINE, DeadlineExceededError, () =>
      late(performance.now() + DEADLINE),
    );
    await expectOver('of a client that is gone, without a free connection', DEADLINE, Error, () =>
      repository.findMany([id], { signal: goneSoon() }),
    );
    await refused;
    await blocker.query('ROLLBACK');
    await Promise.all(held);
    const { title: after } = await repository.update({ sessionId: id, title: 'free' });
    if (after !== 'free') throw new Fault('the store does not go on once connections are free');
  } finally {
    await blocker.end();
  }
}

async function expectDeadline(
  url: string,
  when: string,
  read: (deadline: number) => Promise<unknown>,
): Promise<void> {
  await expectOver(when, DEADLINE, DeadlineExceededError, () => read(performance.now() + DEADLINE));
  await expectRunning(url, 0);
}

async function expectAbort(url: string, read: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  await expectOver('of a client that is gone', DEADLINE, Error, () => read(goneSoon()));
  await expectRunning(url, 0);
}

function goneSoon(): AbortSignal {
  const gone = new AbortController();
  setTimeout(() => gone.abort(new Error('gone')), DEADLINE);
  return gone.signal;
}

/** The read is rejected when its time is over, and not much later. */
async function expectOver(
  when: string,
  milliseconds: number,
  type: new (...args: never[]) => Error,
  read: () => Promise<unknown>,
): Promise<void> {
  let took = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && took > milliseconds + LATE; tries += 1) {
    const begun = performance.now();
    const error = await read().then(
      () => null,
      (reason) => reason,
    );
    took = performance.now() - begun;
    if (!(error instanceof type)) throw new Fault(`a read ${when}: expected its end, got ${error}`);
  }
  if (took > milliseconds + LATE)
    throw new Fault(`a read ${when}: expected its end after ${milliseconds} ms, took ${took.toFixed(0)} ms`);
}

async function expectRefused(mutate: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  const error = await mutate().then(
    () => null,
    (reason) => reason,
  );
  const took = performance.now() - begun;
  if (!(error instanceof StorageError) || !error.isRetryable || error.isOutcomeUnknown)
    throw new Fault(`expected a retryable StorageError of an exhausted pool, got ${error}`);
  if (took > REFUSED) throw new Fault(`an exhausted pool was told after ${took.toFixed(0)} ms`);
}

/** Resolves once this many statements run for the store. */
async function expectRunning(url: string, count: number): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const running = await query<{ query: string }>(url, SELECT_RUNNING);
    if (running.length === count) return;
    if (Date.now() > end)
      throw new Fault(
        `expected ${count} statements to run, got ${JSON.stringify(running.map((row) => row.query))}`,
      );
    await delay(20);
  }
}
