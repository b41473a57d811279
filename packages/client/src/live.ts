import { createDeadline } from './deadline.ts';
import { type GraphQLErrorEntry, RequestError, requestError } from './errors.ts';
import type { OperationText } from './operation.ts';
import { delayMs, isWorthRetrying, pause } from './retry.ts';
import { parsed, type RequestOptions, type Transport, type WebSocketClass } from './transport.ts';

/** Both ways have a sign of life each 25 seconds: a comment of the server, or the answer to a ping. */
const SILENCE_MS = 60_000;

/** Options of what is watched. */
export interface LiveOptions extends Pick<RequestOptions, 'headers' | 'timeoutMs'> {
  /** Ends the iteration, also while it waits. */
  readonly signal?: AbortSignal;
  /** Called with the reason when a connection is lost, before the next one is tried. */
  readonly onRetry?: (error: Error) => void;
}

const EVENT_STREAM = 'text/event-stream';

interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphQLErrorEntry[];
}

/** The results of one connection, after null for the beginning. Ends if the server says that the subscription is complete. */
type Attempt<Data> = AsyncGenerator<Result<Data> | null, void, undefined>;

/**
 * The events of a subscription, over as many connections as it takes: each asks with the `variables` of that moment. Over WebSocket where
 * one can be opened, else over server-sent events. Ends once the server says so, or at the signal; throws what would fail again.
 */
export async function* subscribe<Data, Variables>(
  transport: Transport,
  query: OperationText<Data, Variables>,
  variables: () => Variables,
  options: LiveOptions,
): AsyncGenerator<Data, void, undefined> {
  const Socket = transport.webSocketFor(options);
  let NextSocket = Socket;
  for (let failures = 0; !options.signal?.aborted; ) {
    const payload = JSON.stringify({ query, variables: variables() });
    const TriedSocket = NextSocket;
    let isOpen = false;
    try {
      const attempt: Attempt<Data> = TriedSocket
        ? overWebSocket(TriedSocket, transport, payload, options)
        : overFetch(transport, payload, options);
      for await (const result of attempt) {
        isOpen = true;
        if (!result) continue;
        const { data, errors } = result;
        if (errors || !data) throw refusal(errors);
        failures = 0;
        yield data;
      }
      return;
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!isOpen) {
        // A proxy may refuse WebSockets. If there is no server at all, both ways are tried in turn.
        NextSocket = TriedSocket ? null : Socket;
        if (TriedSocket) continue;
      }
      if (!isWorthRetrying(error)) throw error;
      options.onRetry?.(error as Error);
      await pause(delayMs(failures++, error), options.signal);
    }
  }
}

function refusal(errors: readonly GraphQLErrorEntry[] = []): RequestError {
  return requestError(errors, 'NO_DATA', 'Expected data, got none.');
}

async function* overFetch<Data>(transport: Transport, payload: string, options: LiveOptions): Attempt<Data> {
  const deadline = createDeadline(options.signal);
  const failing = transport.failing(deadline);
  try {
    const response = await transport.fetch(payload, options, deadline, EVENT_STREAM);
    if (!response.headers.get('content-type')?.startsWith(EVENT_STREAM)) {
      await transport.read(response, deadline);
      throw refusal();
    }
    yield null;
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    for (let text = '\n'; ; ) {
      deadline.set(SILENCE_MS, 'any event');
      const { done, value } = await reader.read().catch(failing);
      deadline.clear();
      if (done) failing('its end');
      // Each event begins with the second of the line ends before it.
      const events = (text + decoder.decode(value, { stream: true })).split(/\n(?=\n)/);
      text = events.pop()!;
      for (const event of events) {
        // Not by the flag `m`, and not by `.`: for both, U+2028 ends a line, which JSON leaves as it is.
        if (/\nevent: ?complete/.test(event)) return;
        const [, json] = /\ndata: ?([^\n]+)/.exec(event) ?? [];
        if (json) yield parsed(json) ?? failing(`no JSON: ${json.slice(0, 99)}`);
      }
    }
  } finally {
    deadline.end();
  }
}

/** What the listeners of a WebSocket need: each has what is its own. */
interface SocketEvent {
  readonly data: string;
  readonly code: number;
  readonly reason: string;
}

type SocketMessage<Data> =
  | { readonly type: 'connection_ack' | 'complete' | 'ping' | 'pong'; readonly payload?: unknown }
  | { readonly type: 'next'; readonly payload: Result<Data> }
  | { readonly type: 'error'; readonly payload: readonly GraphQLErrorEntry[] };

async function* overWebSocket<Data>(
  Socket: WebSocketClass,
  transport: Transport,
  subscription: string,
  { signal }: LiveOptions,
): Attempt<Data> {
  const payload = await transport.readCredentials();
  signal?.throwIfAborted();
  // Before all that has to be ended: this may throw.
  const socket = new Socket(transport.url.replace(/^http/, 'ws'), 'graphql-transport-ws');
  const deadline = createDeadline(signal);
  const failing = transport.failing(deadline);
  const results: (Result<Data> | null)[] = [];
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  const over = (error?: unknown) => {
    end ??= { error };
    socket.close();
    wake();
  };
  deadline.signal.addEventListener('abort', () => over(deadline.signal.reason));
  const send = (message: string) => socket.readyState === 1 && socket.send(message);
  const pings = setInterval(send, 25_000, '{"type":"ping"}');
  const listeners = {
    open: () => send(JSON.stringify({ type: 'connection_init', payload })),
    message({ data }: SocketEvent) {
      // Some classes hand on what comes until the other side has closed, too: that would begin to wait once more.
      if (end) return;
      deadline.set(SILENCE_MS, 'any event');
      const message = parsed<SocketMessage<Data>>(data);
      const { type, payload: sent } = message ?? failing(`no JSON: ${data.slice(0, 99)}`);
      if (type === 'connection_ack') {
        send(`{"id":"1","type":"subscribe","payload":${subscription}}`);
        results.push(null);
      } else if (type === 'next') results.push(sent);
      else if (type === 'error') results.push({ errors: sent });
      else if (type === 'complete') over();
      else if (type === 'ping') send('{"type":"pong"}');
      // The reader is slow: the subscription goes on once these are read.
      if (results.length > 99) failing('too many events');
      wake();
    },
    close({ code, reason }: SocketEvent) {
      const message = `closed: ${code} ${reason}`;
      // 4401 and 4403: without a token, and with one that is not valid, or not any more.
      const codeOf = code === 4401 || code === 4403 ? 'UNAUTHENTICATED' : `CLOSED_${code}`;
      if (code >= 4400 && code < 4500) throw new RequestError(message, { code: codeOf });
      failing(message);
    },
    // What is wrong comes with `close`. An emitter of Node.js throws an error that nobody listens to.
    error() {},
  };
  for (const [type, listener] of Object.entries(listeners))
    socket.addEventListener(type as keyof typeof listeners, (event) => {
      try {
        listener(event as SocketEvent);
      } catch (error) {
        over(error);
      }
    });
  // A WebSocket that is not open by then will not be: some proxies never answer.
  deadline.set(10_000, `a WebSocket of ${transport.url}`);
  try {
    for (;;) {
      if (results.length > 0) yield results.shift()!;
      else if (!end) await new Promise<void>((resolve) => (wake = resolve));
      else if (end.error) throw end.error;
      else return;
    }
  } finally {
    clearInterval(pings);
    deadline.end();
  }
}
