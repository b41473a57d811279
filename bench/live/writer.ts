import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpRequest } from '../peers/peer.ts';
import { now } from './clock.ts';

/** Requests at once. A server that does not keep up with the rate gets the changes as fast as it takes them. */
const AT_ONCE = 64;

export interface Written {
  /** When each change was to be written. */
  readonly dueAt: readonly number[];
  /** When each change was answered; 0 for one that was not written in time. */
  readonly answeredAt: readonly number[];
  /** The number of changes that were written. */
  readonly count: number;
  readonly seconds: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Writes numbered changes over kept connections. */
export class Writer {
  readonly #url: URL;
  readonly #changeOf: (change: number) => HttpRequest;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  /** The number of the next change. */
  next = 1;

  constructor(url: string, changeOf: (change: number) => HttpRequest) {
    this.#url = new URL(url);
    this.#changeOf = changeOf;
  }

  /** Writes `count` changes, `perSecond` of them each second; fewer if that takes longer than `secondsMax`. */
  async write(count: number, perSecond: number, secondsMax: number): Promise<Written> {
    const first = this.next;
    this.next += count;
    const answeredAt = new Array<number>(count).fill(0);
    const begun = now();
    const running = new Set<Promise<unknown>>();
    let done = 0;
    for (let n = 0; n < count && now() - begun < secondsMax * 1_000; n += 1) {
      const wait = begun + (n * 1_000) / perSecond - now();
      if (wait >= 1) await sleep(wait);
      if (running.size >= AT_ONCE) await Promise.race(running);
      const one = this.send(this.#changeOf(first + n)).then(() => {
        answeredAt[n] = now();
        running.delete(one);
        done += 1;
      });
      running.add(one);
    }
    await Promise.all(running);
    const dueAt = answeredAt.map((_, n) => begun + (n * 1_000) / perSecond);
    return { dueAt, answeredAt, count: done, seconds: (now() - begun) / 1_000 };
  }

  /** Resolves with the body. Rejects on a status outside 2xx, and if there are errors. */
  async send(request: HttpRequest): Promise<string> {
    const { status, text } = await this.exchange(request);
    if (status >= 200 && status <= 299 && !text.includes('"errors":[')) return text;
    const { method, path } = request;
    throw new Error(`${method} ${path}: expected success, got ${status}: ${text.slice(0, 300)}`);
  }

  exchange(given: HttpRequest): Promise<Answer> {
    const { method, path, headers, body = '' } = given;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { hostname: host, port } = this.#url;
    const request = httpRequest({ host, port, method, path, headers, agent: this.#agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    // The server may close a kept connection at the moment at which it is used again.
    request.on('error', (error) => (request.reusedSocket ? resolve(this.exchange(given)) : reject(error)));
    request.end(body);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
