import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { GoodClientOrders, GoodClientReport } from './good-client.ts';
import { GOOD_CLIENT, WITNESS } from './sessions.ts';

/*
 * The good client beside an attack, in a thread of its own: reads a session again and again, in turn on a connection that stays open
 * and on a new one, and appends to a session of its own. `good-client.ts` starts it and says what it reports.
 */

/** Milliseconds from one read to the next. */
const INTERVAL_MS = 25;
const READS_PER_WRITE = 8;
/** Milliseconds after which a request counts as failed. */
const PATIENCE_MS = 30_000;

const READ = JSON.stringify({
  query: `query GoodClient { session(id: "${WITNESS}") { historyLength title } }`,
});
const APPEND = `mutation GoodWrite($input: AppendMessagesInput!) { appendMessages(input: $input) { __typename } }`;

/** One good client: what it asks, and what it got. */
class Client {
  readonly #orders: GoodClientOrders;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #latencies: number[] = [];
  readonly #failures = new Map<string, number>();
  readonly #acknowledged: number[] = [];

  constructor(orders: GoodClientOrders) {
    this.#orders = orders;
    this.#headers = {
      'content-type': 'application/json',
      ...(orders.token !== null && { authorization: `Bearer ${orders.token}` }),
    };
  }

  async workUntil(isOver: () => boolean): Promise<GoodClientReport> {
    for (let n = 0; !isOver(); n += 1) {
      const due = performance.now() + INTERVAL_MS;
      const text = await this.#ask(READ, n % 2 === 0 && this.#agent, (ms) => this.#record(ms));
      if (text !== null && !text.includes('"historyLength":10')) this.#fail(text.slice(0, 200));
      if (n % READS_PER_WRITE === 0) await this.#write(this.#orders.firstWrite + n);
      await sleep(Math.max(0, due - performance.now()));
    }
    this.#agent.destroy();
    return {
      latencies: this.#latencies.sort((a, b) => a - b),
      failures: [...this.#failures].map(([what, count]) => `${count} × ${what}`),
      acknowledged: this.#acknowledged,
    };
  }

  #fail(what: string): void {
    this.#failures.set(what, (this.#failures.get(what) ?? 0) + 1);
  }

  /**
   * Resolves with the body of a 200, else records a failure. Reports the milliseconds to the head of the answer. A server may close an
   * idle connection at any time: as every client does, this one then sends the request again.
   */
  #ask(
    body: string,
    on: Agent | false,
    onHead: (ms: number) => void = () => {},
    started = performance.now(),
    isRetry = false,
  ): Promise<string | null> {
    return new Promise((resolve) => {
      const failed = (what: string) => {
        clearTimeout(timer);
        this.#fail(what);
        resolve(null);
      };
      const outgoing = request(
        {
          ...{ host: '127.0.0.1', port: this.#orders.port, method: 'POST', path: '/graphql', agent: on },
          headers: { ...this.#headers, 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          onHead(performance.now() - started);
          let text = '';
          response
            .on('data', (chunk: Buffer) => (text += chunk.toString()))
            .on('error', (error) => failed(error.message))
            .on('end', () => {
              clearTimeout(timer);
              if (response.statusCode === 200) resolve(text);
              else failed(`status ${response.statusCode}`);
            });
        },
      );
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)),
        PATIENCE_MS,
      );
      outgoing
        .on('error', (error: NodeJS.ErrnoException) => {
          // A new connection may be the one that a flood of others took the place of: a program tries once more.
          const mayRetry = error.code === 'ECONNRESET' && (outgoing.reusedSocket || !isRetry);
          if (!mayRetry) return failed(error.code ?? error.message);
          clearTimeout(timer);
          this.#ask(body, on, onHead, started, true).then(resolve);
        })
        .end(body);
    });
  }

  /**
   * A slow answer delays the reads after it, which would have been slow as well: each that was due in the meantime counts with
   * the time that it would have waited.
   */
  #record(ms: number): void {
    for (let late = ms; late > 0; late -= INTERVAL_MS) this.#latencies.push(late);
  }

  async #write(n: number): Promise<void> {
    const messages = [{ role: 'USER', content: `write ${n}` }];
    const input = { sessionId: GOOD_CLIENT, operationId: `good-client-${n}`, messages };
    const text = await this.#ask(JSON.stringify({ query: APPEND, variables: { input } }), this.#agent);
    if (text?.includes('AppendMessagesPayload')) this.#acknowledged.push(n);
    else if (text !== null) this.#fail(text.slice(0, 200));
  }
}

let isOver = false;
parentPort!.on('message', async (message: GoodClientOrders | 'stop') => {
  isOver = message === 'stop';
  if (message !== 'stop') parentPort!.postMessage(await new Client(message).workUntil(() => isOver));
});
