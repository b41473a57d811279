import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewMessage } from '../../src/model/message.ts';
import { writtenAt } from '../../src/repository/files/format/encode-mutation.ts';
import { layoutOf, SHARDS, sessionPath } from '../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { createStoreLog, readStoreId } from '../../src/repository/files/scan/store-id.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { UsageReportRequest } from '../../src/repository/reads.ts';
import { appending, historyRecords } from '../../src/repository/records/encode-history.ts';
import { createRecords } from '../../src/repository/records/mutation-records.ts';
import { stampOf } from '../../src/repository/records/record.ts';
import { openOnce } from '../process/start.ts';
import { quantity, type SingleRow } from '../report.ts';
import { sessionIdOf, timeOf, userOf } from '../stores/content.ts';
import { median } from './rounds.ts';

/** Messages, half of which are responses with a usage. */
export const REPORTED = 1_000_000;
const MESSAGES_EACH = 50;
/** Sessions of one tree. */
const TREE = 10;
/** Another name for other contents. */
const NAME = 'usage-1';
const ROUNDS = 15;
const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);
/** Sessions begin evenly within so many days; each goes on for two. */
const DAYS = 90;
const MODELS = ['claude-opus-5', 'claude-haiku-5', 'gpt-6-mini'];

const day = (n: number) => new Date(START + n * DAY_MS);

const REPORTS: Readonly<Record<string, UsageReportRequest>> = {
  'by day and model': { by: ['DAY', 'MODEL'] },
  'by day': { by: ['DAY'] },
  'by model': { by: ['MODEL'] },
  'by user': { by: ['USER'] },
  'by project': { by: ['PROJECT'] },
  'by agent': { by: ['AGENT'] },
  'by status': { by: ['STATUS'] },
  'by root': { by: ['ROOT'] },
  'the 100 costliest trees': { by: ['ROOT'], first: 100 },
  'by day and model, of a week': { by: ['DAY', 'MODEL'], from: day(30), to: day(37) },
  'by day and model, of a user': { by: ['DAY', 'MODEL'], filter: { userId: userOf(3) } },
  'by model, within a tree': { by: ['MODEL'], within: sessionIdOf(0) },
};

/** Measures reports over a store of `REPORTED` messages, which is made in `directory` unless it is there. */
export async function measureUsage(directory: string, report: Progress): Promise<SingleRow[]> {
  const store = join(directory, NAME);
  if (!existsSync(store)) {
    const unfinished = `${store}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    makeUsageStore(unfinished, report);
    renameSync(unfinished, store);
    await openOnce(directory, [{ name: NAME }], report);
  }
  const repository = await openFileRepository({ directory: store });
  try {
    const rows: SingleRow[] = [];
    for (const [what, request] of Object.entries(REPORTS)) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const begun = performance.now();
        await repository.usageReport(request);
        times.push(performance.now() - begun);
      }
      const middle = median(times);
      rows.push({
        what: `a usage report over ${REPORTED.toLocaleString('en')} messages, ${what}, in process`,
        measured: `${quantity(middle, 'ms')}; the first ${quantity(times[0]!, 'ms')}`,
        goal: { text: 'under 300 ms', met: middle < 300 },
      });
    }
    return rows;
  } finally {
    await repository.close();
  }
}

/** Trees of ten sessions, as the repository would write them, but without syncs and without an index. */
function makeUsageStore(directory: string, report: Progress): void {
  const layout = layoutOf(directory);
  for (const shard of SHARDS) mkdirSync(join(layout.sessions, shard), { recursive: true });
  createStoreLog(layout);
  const store = readStoreId(layout);
  const sessions = REPORTED / MESSAGES_EACH;
  for (let n = 0; n < sessions; n += 1) {
    const id = sessionIdOf(n);
    const content = {
      id,
      parentId: n % TREE === 0 ? null : sessionIdOf(n - (n % TREE)),
      userId: userOf(Math.floor(n / TREE) % 100),
      project: `/work/project-${Math.floor(n / TREE) % 40}`,
      agentName: `agent-${n % TREE}`,
      status: n % 7 === 0 ? ('FAILED' as const) : ('COMPLETED' as const),
    };
    const stamp = (mutation: number) => stampOf(mutation + 1, timeOf(mutation), undefined);
    const created = writtenAt(0, createRecords(stamp(2 * n), store, content), null);
    const messages = Array.from({ length: MESSAGES_EACH }, (_, k) => messageAt(n, k, sessions));
    const said = writtenAt(
      created.state.size,
      historyRecords(stamp(2 * n + 1), created.state, appending(created.state, messages)),
      created.state,
    );
    writeFileSync(join(directory, sessionPath(id)), Buffer.concat([created.bytes, said.bytes]));
    if (n % 1_000 === 0) report('Making sessions with usage', n, sessions);
  }
}

/** The message `k` of session `n`: in the second half of a session, on the next day. */
function messageAt(n: number, k: number, sessions: number): NewMessage {
  const time = START + Math.floor((n / sessions) * DAYS) * DAY_MS + (k >= MESSAGES_EACH / 2 ? DAY_MS : 0);
  const createdAt = new Date(time + k * 1_000);
  if (k % 2 === 0) return { role: 'USER', content: 'Go on.', createdAt };
  const inputTokens = 4_000 + ((n * 31 + k * 7) % 9_000);
  return {
    role: 'ASSISTANT',
    content: 'Done.',
    createdAt,
    model: MODELS[(n + (k % 4 === 1 ? 1 : 0)) % MODELS.length]!,
    usage: {
      inputTokens,
      outputTokens: 300 + (k % 50),
      cacheReadTokens: inputTokens - 100,
      // As programs compute it: in binary fractions.
      costUsd: inputTokens * 3e-6 + (300 + (k % 50)) * 1.5e-5,
    },
  };
}
