import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { WebSocket } from 'ws';
import type { FuzzUser } from './user.ts';

/** What a user's WebSocket or stream of events has received. */
export interface Received {
  readonly texts: string[];
  close(): Promise<void>;
}

/** A WebSocket on which operations are sent, one after the other. */
export class FuzzSocket implements Received {
  readonly texts: string[] = [];
  readonly #ws: WebSocket;
  readonly #waiting = new Map<string, () => void>();
  #operations = 0;
  #isClosed = false;

  /** `init` is the payload of ConnectionInit. */
  constructor(port: number, init: unknown) {
    this.#ws = new WebSocket(`ws://localhost:${port}/graphql`, 'graphql-transport-ws');
    this.#ws
      .on('open', () => this.#ws.send(JSON.stringify({ type: 'connection_init', payload: init })))
      .on('message', (data: Buffer) => this.#heard(data.toString()))
      .on('error', () => {})
      .on('close', () => this.#over());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #over(): void {
    this.#isClosed = true;
    for (const resolve of this.#waiting.values()) resolve();
    this.#waiting.clear();
  }

  #heard(text: string): void {
    this.texts.push(text);
    const { type, id = '' } = JSON.parse(text) as { type: string; id?: string };
    const key = type === 'connection_ack' ? type : type === 'complete' || type === 'error' ? id : null;
    if (key === null) return;
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }

  #until(key: string): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }

  acknowledged(): Promise<void> {
    return this.#until('connection_ack');
  }

  /** Resolves once the operation has ended, or the WebSocket. */
  async run(payload: unknown): Promise<void> {
    this.#operations += 1;
    const id = String(this.#operations);
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    const over = this.#until(id);
    this.#ws.send(JSON.stringify({ type: 'subscribe', id, payload }));
    await over;
  }

  /** Begins a subscription, which lasts as long as the WebSocket. */
  watch(payload: unknown): void {
    this.#operations += 1;
    if (this.#ws.readyState === WebSocket.OPEN)
      this.#ws.send(JSON.stringify({ type: 'subscribe', id: String(this.#operations), payload }));
  }

  /** Sends bytes that need not be a message. */
  raw(bytes: string | Buffer): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.send(bytes);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = once(this.#ws, 'close').catch(() => {});
    this.#ws.terminate();
    await closed;
  }
}

/** A stream of server-sent events. */
export function watchBySse(port: number, user: FuzzUser, body: object): Received {
  const texts: string[] = [];
  const text = JSON.stringify(body);
  const headers = { ...user.headers, 'content-type': 'application/json', accept: 'text/event-stream' };
  const outgoing: ClientRequest = request(
    { host: '127.0.0.1', port, method: 'POST', path: '/graphql', agent: false, headers },
    (response) => {
      response.on('data', (chunk: Buffer) => texts.push(chunk.toString())).on('error', () => {});
    },
  );
  outgoing.on('error', () => {}).end(text);
  return {
    texts,
    async close() {
      outgoing.destroy();
    },
  };
}
