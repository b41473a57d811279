import { once } from 'node:events';
import type { Progress } from '../../src/repository/observer.ts';
import { runLoad } from '../client/load.ts';
import type { HttpRequest } from '../peers/peer.ts';
import type { Memory } from '../process/memory.ts';
import type { ServeMessage } from '../process/serve.ts';
import { start } from '../process/start.ts';
import { sessionIdOf } from '../stores/content.ts';
import { CONNECTIONS, writtenSession } from './cases.ts';
import { graphqlRequest, historyPage, listPage, nestedTree, sendMessage, smallRead } from './queries.ts';
import type { MemoryResult } from './results.ts';

/** The share of all requests before the first measurement. */
const WARM_UP = 0.1;
const LOOKS = 10;
/** Sessions that a connection reads in turn. */
const READ = 200;
/** Memory counts as level if it is at most this many bytes above its value at the beginning. */
const LEVEL = 2 * 1024 * 1024;
const LEVEL_TEXT = 'the heap ends at most 2 MB above where it was after warm-up';

/** Measures the heap of a server over many small requests, mostly reads, after a warm-up. */
export async function measureMemory(data: string, requests: number, report: Progress): Promise<MemoryResult> {
  const server = await start<ServeMessage & { url: string }>('process/serve.ts', data, {
    execArgv: ['--expose-gc'],
  });
  try {
    const { url } = server.message;
    const send = (amount: number) =>
      runLoad({ url, connections: CONNECTIONS, requestsOf, accepts: isSuccess }, { amount });
    const points: { requests: number; heap: number; resident: number }[] = [];
    let sent = Math.round(requests * WARM_UP);
    await send(sent);
    const step = Math.round((requests - sent) / LOOKS);
    for (let look = 0; look <= LOOKS; look += 1) {
      report('Watching memory', sent, requests);
      if (look > 0) {
        await send(step);
        sent += step;
      }
      points.push({ requests: sent, ...(await memoryOf(server.child)) });
    }
    const met = points.at(-1)!.heap <= points[0]!.heap + LEVEL;
    return { points, verdict: { text: LEVEL_TEXT, met } };
  } finally {
    await server.stop();
  }
}

async function memoryOf(child: import('node:child_process').ChildProcess): Promise<Memory> {
  const answered = once(child, 'message') as Promise<[{ memory: Memory }]>;
  child.send('memory');
  const [{ memory }] = await answered;
  return memory;
}

/** Small reads of many sessions, with an occasional page or small tree, and one exchange sent. */
function requestsOf(connection: number): HttpRequest[] {
  const requests = Array.from({ length: READ }, (_, n) => smallRead(sessionIdOf(connection * READ + n)));
  for (let n = 0; n < READ; n += 20) requests[n] = listPage(10);
  for (let n = 5; n < READ; n += 20) requests[n] = historyPage('history', 10);
  for (let n = 10; n < READ; n += 20) requests[n] = nestedTree(`tree-${n % 10}-1`, 1);
  requests[15] = sendMessage(writtenSession(connection));
  return requests.map(graphqlRequest);
}

const isSuccess = (body: string) => body.startsWith('{"data":{') && !body.includes('"errors":[');
