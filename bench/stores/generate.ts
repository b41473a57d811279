import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writtenAt } from '../../src/repository/files/format/encode-mutation.ts';
import { layoutOf, SHARDS, sessionPath } from '../../src/repository/files/format/layout.ts';
import { createStoreLog, readStoreId } from '../../src/repository/files/scan/store-id.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { appending, historyRecords } from '../../src/repository/records/encode-history.ts';
import { createRecords } from '../../src/repository/records/mutation-records.ts';
import { stampOf } from '../../src/repository/records/record.ts';
import type { SessionState } from '../../src/repository/records/session-state.ts';
import {
  busySessions,
  exchangeOf,
  fixtureSessions,
  ordinarySessions,
  rootSessions,
  type SessionContent,
  SMALL_TREE,
  timeOf,
  treeSessions,
} from './content.ts';
import { type StorePlan, sessionCount } from './plan.ts';
import { SEARCHABLE_LENGTH, searchableIdOf, searchableMessage } from './searchable.ts';

/** A prime: steps of this size visit every place of a ring whose length is not a multiple of it. */
const STRIDE = 7_919;
const REPORT_EVERY = 1_000;
/** Lines of a history per write. */
const LINES = 1_000;

/**
 * Writes the files of a store as the repository would, but without syncs and without an index. Each session has one
 * exchange; the order of last activity differs from that of creation.
 */
export function generateStore(directory: string, plan: StorePlan, progress: Progress): void {
  const layout = layoutOf(directory);
  for (const shard of SHARDS) mkdirSync(join(layout.sessions, shard), { recursive: true });
  createStoreLog(layout);
  const store = readStoreId(layout);
  if (plan.searchable) {
    writeSearchable(directory, plan.name, plan.searchable, store, progress);
    return;
  }
  const total = sessionCount(plan);
  let n = 0;
  for (const content of sessionsOf(plan)) {
    const activity = total + ((n * STRIDE) % total);
    const created = writtenAt(0, createRecords(stampOf(n + 1, timeOf(n), undefined), store, content), null);
    const exchange = exchangeAt(created.state, activity, n);
    writeFileSync(join(directory, sessionPath(content.id)), Buffer.concat([created.bytes, exchange.bytes]));
    n += 1;
    if (n % REPORT_EVERY === 0 || n === total) progress(`Making ${plan.name}`, n, total);
    if (content.id === 'history') writeHistory(directory, plan, exchange.state, 2 * total, progress);
  }
}

function* sessionsOf(plan: StorePlan): Generator<SessionContent> {
  if (plan.fixtures) yield* fixtureSessions();
  if (plan.smallTree) yield* treeSessions(SMALL_TREE);
  yield* ordinarySessions(plan.ordinary);
  yield* rootSessions(plan.roots ?? 0);
  if (plan.busyTree) yield* busySessions();
  if (plan.history > 0) yield { id: 'history', title: 'A long history' };
}

function exchangeAt(state: SessionState, mutation: number, n: number) {
  const stamp = stampOf(mutation + 1, timeOf(mutation), undefined);
  return writtenAt(state.size, historyRecords(stamp, state, appending(state, exchangeOf(n))), state);
}

function messageAt(state: SessionState, mutation: number) {
  const stamp = stampOf(mutation + 1, timeOf(mutation), undefined);
  const message = exchangeOf(mutation)[state.historyLength % 2]!;
  return writtenAt(state.size, historyRecords(stamp, state, appending(state, [message])), state);
}

/** The rest of the history, with one exchange or one message per line. */
function writeHistory(
  directory: string,
  plan: StorePlan,
  start: SessionState,
  firstMutation: number,
  progress: Progress,
): void {
  const path = join(directory, sessionPath('history'));
  let state = start;
  let mutation = firstMutation;
  while (state.historyLength < plan.history) {
    const lines: Buffer[] = [];
    while (lines.length < LINES && state.historyLength < plan.history) {
      const written = plan.oneALine ? messageAt(state, mutation) : exchangeAt(state, mutation, mutation);
      lines.push(written.bytes);
      state = written.state;
      mutation += 1;
    }
    appendFileSync(path, Buffer.concat(lines));
    progress(`Making ${plan.name}`, state.historyLength, plan.history);
  }
}

/** Sessions of a hundred messages, with one message per line. */
function writeSearchable(
  directory: string,
  name: string,
  messages: number,
  store: string,
  progress: Progress,
): void {
  let mutation = 0;
  const stamp = () => {
    mutation += 1;
    return stampOf(mutation, timeOf(mutation), undefined);
  };
  for (let first = 0; first < messages; first += SEARCHABLE_LENGTH) {
    const id = searchableIdOf(first / SEARCHABLE_LENGTH);
    const created = writtenAt(0, createRecords(stamp(), store, { id, title: `Task ${id}` }), null);
    const lines = [created.bytes];
    let { state } = created;
    for (let n = first; n < Math.min(messages, first + SEARCHABLE_LENGTH); n += 1) {
      const written = writtenAt(
        state.size,
        historyRecords(stamp(), state, appending(state, [searchableMessage(n)])),
        state,
      );
      lines.push(written.bytes);
      state = written.state;
    }
    writeFileSync(join(directory, sessionPath(id)), Buffer.concat(lines));
    progress(`Making ${name}`, Math.min(messages, first + SEARCHABLE_LENGTH), messages);
  }
}
