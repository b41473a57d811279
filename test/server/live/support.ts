import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { createNodeHandlers, type NodeHandlers } from '../../../src/server/node-handlers.ts';
import { openTestRepository } from '../../support/repository.ts';
import { createTestLogger, JSON_TYPE, type LogLine, type TestServerOptions } from '../support.ts';

export const EVENT_STREAM = { accept: 'text/event-stream' };

/** Watches a tree: the kinds and sessions of what happens, and the cursor. */
export const WATCH = `subscription ($within: ID, $after: String) {
  sessionChanges(within: $within, after: $after) { cursor isUpToDate isReset changes { kind sessionId session { version } } }
}`;

export interface LiveServer extends NodeHandlers {
  readonly repository: SessionRepository;
  readonly port: number;
  readonly url: string;
  readonly socketUrl: string;
  readonly lines: readonly LogLine[];
  /** Cuts all connections. */
  readonly cut: () => void;
  /** The data of a query. */
  query<Data>(query: string): Promise<Data>;
  /** The cursor of the store. */
  cursor(): Promise<string>;
}

export interface LiveServerOptions extends TestServerOptions {
  readonly repository?: SessionRepository;
}

/** The API in a server of node:http, with its WebSocket. */
export async function openLive(options: LiveServerOptions = {}): Promise<LiveServer> {
  const { repository = await openTestRepository(), ...others } = options;
  const { logger, lines } = createTestLogger();
  const handlers = createNodeHandlers({ repository, logger, ...others });
  const server = createServer(handlers.request).on('upgrade', handlers.upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    handlers.endSubscriptions();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/graphql`;
  const query = async <Data>(text: string) => {
    const body = JSON.stringify({ query: text });
    const response = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
    return ((await response.json()) as { data: Data }).data;
  };
  return {
    ...handlers,
    repository,
    port,
    url,
    socketUrl: url.replace('http', 'ws'),
    lines,
    cut: () => server.closeAllConnections(),
    query,
    cursor: async () => (await query<{ store: { cursor: string } }>('{ store { cursor } }')).store.cursor,
  };
}

const UNTIL_MS = 25_000;

/** Resolves once `check` holds. Rejects after so long that a busy machine is not to blame. */
export async function until(check: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Expected ${what} within ${UNTIL_MS / 1_000} seconds.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface ChangesData {
  readonly cursor: string;
  readonly isUpToDate: boolean;
  readonly isReset: boolean;
  readonly changes: readonly { readonly kind: string; readonly sessionId: string }[];
}

export interface StreamedEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: string;
}

/** A stream of server-sent events, read by hand. */
export class ReadStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly response: Response;
  readonly #received: string[] = [];
  readonly #blocks: string[] = [];
  /** The beginning of a block. An event can be of megabytes: its parts are joined once. */
  #parts: string[] = [];

  constructor(response: Response) {
    this.response = response;
    this.#reader = response.body!.getReader();
  }

  /** All that came so far. */
  get text(): string {
    return this.#received.join('');
  }

  /** The next event with data; null at the end of the stream. */
  async next(): Promise<StreamedEvent | null> {
    for (;;) {
      const block = this.#blocks.shift();
      if (block === undefined) {
        if (await this.#read()) continue;
        return null;
      }
      const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line)?.slice(1) ?? [line, '']);
      const event = Object.fromEntries(fields) as unknown as StreamedEvent;
      if ('data' in event) return event;
    }
  }

  /** False at the end of the stream. */
  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    const text = this.#decoder.decode(value, { stream: true });
    this.#received.push(text);
    const mayEnd = text.includes('\n\n') || (text.startsWith('\n') && this.#parts.at(-1)?.endsWith('\n'));
    this.#parts.push(text);
    if (!mayEnd) return true;
    const blocks = this.#parts.join('').split('\n\n');
    this.#parts = [blocks.pop()!];
    this.#blocks.push(...blocks);
    return true;
  }

  /** The changes in the next event. */
  async changes(): Promise<ChangesData> {
    const event = await this.next();
    return JSON.parse(event!.data).data.sessionChanges;
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** Subscribes by POST. Fails if the answer is no stream. */
export async function stream(
  url: string,
  params: object,
  headers: Record<string, string> = {},
): Promise<ReadStream> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...EVENT_STREAM, ...headers },
    body: JSON.stringify(params),
  });
  if (response.status !== 200)
    throw new Error(`Expected a stream, got ${response.status}: ${await response.text()}`);
  const opened = new ReadStream(response);
  onTestFinished(() => opened.close());
  return opened;
}

export interface RawSocket {
  readonly ws: WebSocket;
  send(message: object | string): void;
  /** The next message. Rejects if the connection closes first. */
  next(): Promise<{ type: string; id?: string; payload?: unknown }>;
  /** The code and the reason with which the connection was closed. */
  closed(): Promise<{ code: number; reason: string }>;
}

/** A WebSocket of which a test controls every message, after its handshake. */
export async function openSocket(
  url: string,
  {
    headers = {},
    init = true,
    protocol = 'graphql-transport-ws',
  }: {
    headers?: Record<string, string>;
    init?: boolean;
    protocol?: string;
  } = {},
): Promise<RawSocket> {
  const ws = new WebSocket(url, protocol, { headers });
  onTestFinished(() => ws.terminate());
  const messages: string[] = [];
  let close: { code: number; reason: string } | undefined;
  let wake = () => {};
  ws.on('message', (data) => {
    messages.push(String(data));
    wake();
  });
  ws.on('close', (code, reason) => {
    close = { code, reason: String(reason) };
    wake();
  });
  await once(ws, 'open');
  ws.on('error', () => {});
  const waitFor = async <T>(take: () => T | undefined): Promise<T> => {
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const raw: RawSocket = {
    ws,
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () =>
      waitFor(() => {
        const message = messages.shift();
        if (message !== undefined) return JSON.parse(message);
        if (close) throw new Error(`Expected a message, got the close code ${close.code} (${close.reason}).`);
        return undefined;
      }),
    closed: () => waitFor(() => close),
  };
  if (init) {
    raw.send({ type: 'connection_init' });
    await raw.next();
  }
  return raw;
}
