import { Client as HttpClient } from 'undici';
import type { Client, HttpRequest } from '../peers/peer.ts';

/** Milliseconds after which a server that has not answered counts as failed. */
const TIMEOUT = 60_000;

/** One keep-alive connection: the client for measuring times. */
export interface Connection extends Client {
  /** Resolves with the whole body of the answer. Rejects on a status outside 2xx. */
  text(request: HttpRequest): Promise<string>;
  close(): Promise<void>;
}

export function connect(url: string): Connection {
  const client = new HttpClient(new URL(url).origin, {
    pipelining: 1,
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
  });
  const text = async ({ method, path, headers, body }: HttpRequest) => {
    const answer = await client.request({ method, path, headers: { ...headers }, body: body ?? null });
    const answered = await answer.body.text();
    if (answer.statusCode >= 200 && answer.statusCode <= 299) return answered;
    throw new Error(
      `${method} ${path}: expected a status of 2xx, got ${answer.statusCode}: ${answered.slice(0, 300)}`,
    );
  };
  return {
    text,
    async json(request) {
      const answered = await text(request);
      return answered === '' ? null : JSON.parse(answered);
    },
    close: () => client.destroy(),
  };
}
