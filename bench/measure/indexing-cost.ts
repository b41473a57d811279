import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { ServeMessage } from '../process/serve.ts';
import { start } from '../process/start.ts';
import type { SingleRow } from '../report.ts';
import { exchangeOf } from '../stores/content.ts';
import { send } from './http-client.ts';

const CLIENTS = 32;
/** V8 needs some 20,000 requests to warm up. */
const MILLISECONDS = { warmUp: 8_000, counted: 8_000 };
/** The name that Node.js gives the thread of a Worker. In a started server, search is the only one. */
const SEARCH_THREAD = 'WorkerThread';
/** Microseconds per unit: the system counts processor time in hundredths of a second. */
const TICK = 10_000;

const APPEND = `mutation ($input: AppendMessagesInput!) {
  written: appendMessages(input: $input) { __typename ... on AppendMessagesPayload { session { version } messages { id } } }
}`;
const SEND = `mutation ($input: SendMessageInput!) {
  written: sendMessage(input: $input) { __typename ... on SendMessagePayload { session { version } messages { id } } }
}`;

interface Mutation {
  readonly what: string;
  readonly query: string;
  input(sessionId: string, n: number): object;
  readonly hasGoal: boolean;
}

const MUTATIONS: readonly Mutation[] = [
  {
    what: 'a message of `appendMessages`',
    query: APPEND,
    input: (sessionId, n) => ({ sessionId, messages: [exchangeOf(n)[1]] }),
    hasGoal: true,
  },
  {
    what: 'both messages of a `sendMessage`',
    query: SEND,
    input(sessionId, n) {
      const [question, answer] = exchangeOf(n);
      return { sessionId, message: question!.content, response: answer!.content };
    },
    hasGoal: false,
  },
];

/**
 * Measures the cost of full text for mutations through the API: processor time of the server's threads, until all messages can be
 * found.
 */
export async function measureIndexingCost(directory: string, report: Progress): Promise<SingleRow[]> {
  if (process.platform !== 'linux')
    return [{ what: 'what indexing adds to mutations', measured: 'told by thread on Linux alone' }];
  const store = join(directory, 'indexing-cost');
  rmSync(store, { recursive: true, force: true });
  const ids = Array.from({ length: CLIENTS }, (_, client) => `client-${client}`);
  const rows: SingleRow[] = [];
  try {
    const repository = await openFileRepository({ directory: store });
    await Promise.all(ids.map((id) => repository.create({ id })));
    await repository.close();
    for (const mutation of MUTATIONS) {
      report(`Indexing ${mutation.what}`, 0, 0);
      rows.push(row(mutation, await measure(store, ids, mutation)));
    }
    return rows;
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

/** Microseconds of processor time per mutation. */
interface Cost {
  readonly indexing: number;
  readonly rest: number;
}

function row({ what, hasGoal }: Mutation, { indexing, rest }: Cost): SingleRow {
  const share = indexing / rest;
  return {
    what: `what indexing ${what} adds to the mutation, ${CLIENTS} connections, until all is indexed`,
    measured: `${Math.round(indexing)} µs of a processor to ${Math.round(rest)} µs: ${(100 * share).toFixed(1)}%`,
    ...(hasGoal && { goal: { text: 'less than a tenth', met: share < 0.1 } }),
  };
}

async function measure(store: string, ids: readonly string[], mutation: Mutation): Promise<Cost> {
  const { child, message, stop } = await start<ServeMessage & { url: string }>('process/serve.ts', store);
  try {
    const { url } = message;
    await write(url, ids, mutation, MILLISECONDS.warmUp);
    await allIndexed(url);
    const before = processorTimes(child.pid!);
    const count = await write(url, ids, mutation, MILLISECONDS.counted);
    await allIndexed(url);
    const after = processorTimes(child.pid!);
    const indexing = (after.search - before.search) / count;
    return { indexing, rest: (after.all - before.all) / count - indexing };
  } finally {
    await stop();
  }
}

/** Resolves with the number of answered mutations. */
async function write(
  url: string,
  ids: readonly string[],
  { query, input }: Mutation,
  milliseconds: number,
): Promise<number> {
  const end = performance.now() + milliseconds;
  let count = 0;
  await Promise.all(
    ids.map(async (id) => {
      while (performance.now() < end) {
        const variables = { input: input(id, count) };
        const { written } = await send<{ written: { session?: object } }>(url, query, variables);
        if (!written.session) throw new Error(`Expected a payload, got ${JSON.stringify(written)}.`);
        count += 1;
      }
    }),
  );
  return count;
}

async function allIndexed(url: string): Promise<void> {
  const query = '{ searchMessages(query: "") { isComplete } }';
  for (let isComplete = false; !isComplete; ) {
    ({ isComplete } = (await send<{ searchMessages: { isComplete: boolean } }>(url, query)).searchMessages);
  }
}

/** Microseconds of processor time that the threads of a process have used. */
function processorTimes(pid: number): { all: number; search: number } {
  const times = { all: 0, search: 0 };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // proc_pid_stat(5): the name stands in parentheses; 12 and 13 fields after it, user and system time.
    const [, name, rest] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))!;
    const fields = rest!.split(' ');
    const time = (Number(fields[11]) + Number(fields[12])) * TICK;
    times.all += time;
    if (name === SEARCH_THREAD) times.search += time;
  }
  return times;
}
