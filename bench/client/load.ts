import autocannon from 'autocannon';
import type { HttpRequest } from '../peers/peer.ts';

/** Milliseconds between two checks of autocannon whether its time is over. */
const SAMPLE = 50;

export interface Load {
  readonly url: string;
  readonly connections: number;
  /** The requests that a connection sends cyclically. A function creates a new request each time. */
  requestsOf(connection: number): readonly (HttpRequest | (() => HttpRequest))[];
  /** True if an answer is correct. Called for each answer, so it must be cheap. */
  accepts(body: string): boolean;
}

export interface LoadResult {
  readonly completed: number;
  readonly perSecond: number;
}

/** Sends requests as fast as answers arrive, for a given time or number. Rejects if an answer is not accepted. */
export async function runLoad(
  load: Load,
  bound: { readonly seconds: number } | { readonly amount: number },
): Promise<LoadResult> {
  let connection = 0;
  let refused: string | undefined;
  const result = await autocannon({
    url: load.url,
    connections: load.connections,
    ...('seconds' in bound ? { duration: bound.seconds } : { amount: bound.amount }),
    sampleInt: SAMPLE,
    setupClient(client) {
      client.setRequests(load.requestsOf(connection).map(toRequest));
      connection += 1;
    },
    verifyBody(body: string | undefined) {
      const isAccepted = body !== undefined && load.accepts(body);
      if (!isAccepted) refused ??= body ?? '(no body)';
      return isAccepted;
    },
  } as autocannon.Options);
  const { errors, timeouts, non2xx, mismatches } = result;
  if (errors + timeouts + non2xx + mismatches > 0) {
    const sample = refused === undefined ? '' : ` One answer: ${refused.slice(0, 300)}`;
    throw new Error(
      `${load.url}: expected every request to succeed, got ${errors} failed, ${timeouts} without an answer, ` +
        `${non2xx} with a status outside 2xx, ${mismatches} with another answer than expected.${sample}`,
    );
  }
  const completed = result['2xx'];
  const seconds = (result.finish.getTime() - result.start.getTime()) / 1_000;
  return { completed, perSecond: completed / seconds };
}

function toRequest(request: HttpRequest | (() => HttpRequest)): autocannon.Request {
  if (typeof request !== 'function') return { ...request, headers: { ...request.headers } };
  return {
    setupRequest: (template: object) => {
      const { headers, ...next } = request();
      return { ...template, ...next, headers: { ...headers } };
    },
  } as autocannon.Request;
}
