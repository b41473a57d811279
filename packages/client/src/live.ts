import { ConnectionError, type GraphQLErrorEntry, RequestError } from './errors.ts';
import type { OperationText } from './generated/operations.ts';
import { Patience } from './patience.ts';
import { delayMs, isWorthRetrying, pause } from './retry.ts';
import type { RequestOptions, Transport, WebSocketClass } from './transport.ts';

/** Both ways have a sign of life more often: a comment of the server each 25 seconds, the answer to a ping. */
const SILENCE_MS = 60_000;
const PING_MS = 25_000;
/** A WebSocket that is not open by then will not be: some proxies never answer. */
const OPENING_MS = 10_000;
/** Events that wait for their reader. With more, the WebSocket is closed, and the subscription goes on once they are read. */
const WAITING_MAX = 100;

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
  let withSocket = Boolean(Socket);
  for (let failures = 0; ; ) {
    if (options.signal?.aborted) return;
    const payload = JSON.stringify({ query, variables: variables() });
    let isOpen = false;
    try {
      const attempt: Attempt<Data> = withSocket
        ? overWebSocket(Socket!, transport.url, payload, options)
        : overFetch(transport, payload, options);
      for await (const result of attempt) {
        isOpen = true;
        if (!result) continue;
        const { data, errors } = result;
        if (errors?.length || !data) throw refusal(errors);
        failures = 0;
        yield data;
      }
      return;
    } catch (error) {
      if (options.signal?.aborted) return;
      const wasWithSocket = withSocket;
      // A proxy may refuse WebSockets. If there is no server at all, both ways are tried in turn.
      if (!isOpen) withSocket = !withSocket && Boolean(Socket);
      if (wasWithSocket && !isOpen) continue;
      if (!isWorthRetrying(error)) throw error;
      options.onRetry?.(error as Error);
      await pause(delayMs(failures++, error), options.signal).catch(() => {});
    }
  }
}

function refusal(errors: readonly GraphQLErrorEntry[] = []): RequestError {
  const [first] = errors;
  const { message = 'Expected data of a subscription, got none.', extensions } = first ?? {};
  return new RequestError(message, { code: extensions?.code ?? 'NO_DATA', errors });
}

async function* overFetch<Data>(transport: Transport, payload: string, options: LiveOptions): Attempt<Data> {
  const patience = new Patience(options.signal);
  const failing = transport.failing(patience);
  try {
    const response = await transport.fetch(payload, options, patience, EVENT_STREAM);
    if (!response.headers.get('content-type')?.startsWith(EVENT_STREAM)) {
      transport.answerOf(response, await response.text().catch(failing));
      throw refusal();
    }
    yield null;
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    for (let text = ''; ; ) {
      patience.wait(SILENCE_MS, 'a sign of life of the server');
      const { done, value } = await reader.read().catch(failing);
      patience.rest();
      if (done) failing('its end');
      const events = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        // Not by the flag `m`, and not by `.`: for both, U+2028 ends a line, which JSON leaves as it is.
        if (/(?:^|\n)event: ?complete/.test(event)) return;
        const [, json] = /(?:^|\n)data: ?([^\n]+)/.exec(event) ?? [];
        if (json) yield JSON.parse(json);
      }
    }
  } finally {
    patience.end();
  }
}

/** What the listeners of a WebSocket need: each has what is its own. */
interface SocketEvent {
  readonly data: string;
  readonly code: number;
  readonly reason: string;
}

async function* overWebSocket<Data>(
  Socket: WebSocketClass,
  url: string,
  payload: string,
  { signal }: LiveOptions,
): Attempt<Data> {
  const results: (Result<Data> | null)[] = [];
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  const over = (error?: unknown) => {
    end ??= { error };
    socket.close();
    wake();
  };
  const patience = new Patience(signal);
  patience.signal.addEventListener('abort', () => over(patience.signal.reason));
  const socket = new Socket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
  const send = (message: string) => socket.readyState === 1 && socket.send(message);
  const pings = setInterval(send, PING_MS, '{"type":"ping"}');
  const on = (type: 'open' | 'message' | 'close' | 'error', listener: (event: SocketEvent) => void) =>
    socket.addEventListener(type, listener as (event: object) => void);
  on('open', () => send('{"type":"connection_init"}'));
  // What is wrong comes with `close`. An emitter of Node.js throws an error that nobody listens to.
  on('error', () => {});
  on('close', ({ code, reason }) => {
    const message = `The WebSocket of ${url} was closed: ${code} ${reason}`;
    const isRefusal = code >= 4400 && code < 4500;
    over(
      isRefusal ? new RequestError(message, { code: `CLOSED_${code}` }) : new ConnectionError(message, null),
    );
  });
  on('message', ({ data }) => {
    // Some classes hand on what comes until the other side has closed, too: that would begin to wait once more.
    if (end) return;
    patience.wait(SILENCE_MS, 'a sign of life of the server');
    const { type, payload: sent } = JSON.parse(data);
    if (type === 'connection_ack') {
      send(`{"id":"1","type":"subscribe","payload":${payload}}`);
      results.push(null);
    } else if (type === 'next') results.push(sent);
    else if (type === 'error') results.push({ errors: sent });
    else if (type === 'complete') over();
    else if (type === 'ping') send('{"type":"pong"}');
    if (results.length > WAITING_MAX)
      over(new ConnectionError(`More than ${WAITING_MAX} events waited to be read.`, null));
    wake();
  });
  patience.wait(OPENING_MS, `a WebSocket of ${url}`);
  try {
    for (;;) {
      if (results.length > 0) yield results.shift()!;
      else if (!end) await new Promise<void>((resolve) => (wake = resolve));
      else if (end.error) throw end.error;
      else return;
    }
  } finally {
    clearInterval(pings);
    patience.end();
    over();
  }
}
