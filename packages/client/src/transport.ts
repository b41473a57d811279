import { createDeadline, type Deadline } from './deadline.ts';
import {
  ConnectionError,
  type GraphQLErrorEntry,
  mutationError,
  type Refused,
  requestError,
} from './errors.ts';
import type { Mutations } from './generated/operations.ts';
import { mutationText } from './mutation-text.ts';
import type { OperationText } from './operation.ts';
import { delayMs, isWorthRetrying, pause } from './retry.ts';

/** Options of a client. */
export interface ClientOptions {
  /** In place of the global `fetch`, for example one that goes through a proxy. */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * For what is watched. Default: the global `WebSocket`, or none if `fetch`, `headers` or a `token` is given: a WebSocket has no headers of
   * its own, and a server may want the token there. One that is given here sends the token as `authorization` in the payload of its first
   * message. Without one (null), it is server-sent events, by `fetch`.
   */
  readonly webSocket?: WebSocketClass | null;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer …`. A function is called for each request, so that it can renew the token. */
  readonly token?: string | (() => string | Promise<string>);
  /** How long each attempt may take, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number;
  /** How often a request is sent again. Default: 2. */
  readonly maxRetries?: number;
}

/** What the client needs of the class `WebSocket`. */
export type WebSocketClass = new (url: string, protocol: string) => WebSocketLike;

/** What the client needs of a WebSocket. */
export interface WebSocketLike {
  readonly readyState: number;
  send(message: string): void;
  close(): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: object) => void): void;
}

/** Options of a single request: they go before those of the client. */
export interface RequestOptions {
  /** Ends the request, its retries and the pauses between them. The promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Sent beside the headers of the client. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long each attempt may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How often the request is sent again. */
  readonly maxRetries?: number;
}

const ACCEPT = 'application/graphql-response+json, application/json';

interface Answer {
  readonly data: Record<string, unknown>;
  readonly status: number;
  readonly requestId: string | null;
}

interface Body {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLErrorEntry[];
}

/** Sends operations to one server, with retries. All its promises reject with a `SessiontreeError`. */
export type Transport = ReturnType<typeof createTransport>;

/** What sends the requests of a client. */
export function createTransport(url: string, client: ClientOptions) {
  /** A function that throws what an error of `fetch` means. */
  function failing({ signal }: Deadline): (error: unknown) => never {
    return (error) => {
      if (signal.aborted) throw signal.reason;
      throw new ConnectionError(`Expected an answer of ${url}, got: ${reasonOf(error)}`, error);
    };
  }

  /** What says who asks, if there is a token: a header, or the payload of the first message of a WebSocket. */
  async function readCredentials(): Promise<{ readonly authorization: string } | undefined> {
    const { token } = client;
    const bearer = typeof token === 'function' ? await token() : token;
    return bearer ? { authorization: `Bearer ${bearer}` } : undefined;
  }

  /** The answer to a body, when its head is there: within the time of an attempt, which the deadline gets. */
  async function fetch(
    body: string,
    options: RequestOptions,
    deadline: Deadline,
    accept = ACCEPT,
  ): Promise<Response> {
    // In a variable: as a method of another object, a browser's fetch throws.
    const { fetch = globalThis.fetch } = client;
    const credentials = await readCredentials();
    deadline.set(options.timeoutMs ?? client.timeoutMs ?? 60_000, `an answer of ${url}`);
    const headers = {
      'content-type': 'application/json',
      ...lowerCase(client.headers),
      ...credentials,
      ...lowerCase(options.headers),
      accept,
    };
    const { signal } = deadline;
    return fetch(url, { method: 'POST', headers, body, signal }).catch(failing(deadline));
  }

  /** The data of a response. Throws a `RequestError` if it has errors, or is none of GraphQL. */
  async function read(response: Response, deadline: Deadline): Promise<Answer> {
    const { status, ok, headers } = response;
    const text = await response.text().catch(failing(deadline));
    const { data, errors: listed }: Body = parsed<Body>(text) ?? {};
    const errors: readonly GraphQLErrorEntry[] = Array.isArray(listed) ? listed : [];
    const requestId = headers.get('x-request-id');
    if (ok && data && errors.length === 0) return { data, status, requestId };
    // Not a number if it is missing, or a date.
    const seconds = Number.parseInt(String(headers.get('retry-after')), 10);
    const type = headers.get('content-type') ?? 'no type';
    throw requestError(
      errors,
      ok && errors.length === 0 ? 'NOT_GRAPHQL' : `HTTP_${status}`,
      `Expected an answer of ${url}, got: status ${status}, ${type}`,
      { status, requestId, retryAfterMs: seconds >= 0 ? seconds * 1_000 : null, data: data ?? null },
    );
  }

  async function attempt(body: string, options: RequestOptions): Promise<Answer> {
    options.signal?.throwIfAborted();
    const deadline = createDeadline(options.signal);
    let answer: Answer | undefined;
    try {
      answer = await read(await fetch(body, options, deadline), deadline);
      return answer;
    } finally {
      deadline.end(answer);
    }
  }

  /** The data of any operation, or what `resultOf` makes of an answer. An operation that is not repeatable is sent once. */
  async function data<Data, Variables = unknown>(
    query: OperationText<Data, Variables>,
    variables: Variables,
    options: RequestOptions = {},
    isRepeatable = true,
    resultOf = ({ data }: Answer) => data as Data,
  ): Promise<Data> {
    const { maxRetries = client.maxRetries ?? 2, signal } = options;
    const body = JSON.stringify({ query, variables });
    let isInDoubt = false;
    for (let retry = 0; ; retry += 1) {
      try {
        return resultOf(await attempt(body, options));
      } catch (error) {
        const failure = error as { isOutcomeUnknown?: boolean };
        // That nothing was changed is said of this attempt alone: an earlier one without an answer may have taken effect.
        if (failure.isOutcomeUnknown === false) failure.isOutcomeUnknown = isInDoubt;
        else isInDoubt = true;
        if (!isRepeatable || retry >= maxRetries || !isWorthRetrying(error)) throw error;
        await pause(delayMs(retry, error), signal);
      }
    }
  }

  /** As `mutate`, with an input that is as it is: a mutation that can be repeated without an `operationId`. */
  function send<Name extends keyof Mutations>(
    name: Name,
    input: Mutations[Name]['input'],
    options?: RequestOptions,
  ): Promise<Mutations[Name]['payload']> {
    return data(mutationText(name), { input }, options, true, ({ data, ...details }) => {
      const refusal = data[name] as Refused;
      const { __typename, ...payload } = refusal;
      if (__typename.endsWith('Error')) throw mutationError(refusal, details);
      return payload as unknown as Mutations[Name]['payload'];
    });
  }

  return {
    url,
    failing,
    readCredentials,
    fetch,
    read,
    data,
    send,

    /**
     * The payload of the mutation `name`. Its `operationId`, the given one or else a new one, stays the same over all retries: what was done
     * before an answer got lost is not done again. A typed error of the schema is a `MutationError`.
     */
    mutate<Name extends Exclude<keyof Mutations, 'streamMessage'>>(
      name: Name,
      input: Mutations[Name]['input'],
      options?: RequestOptions,
    ): Promise<Mutations[Name]['payload']> {
      // 128 random bits. `crypto.randomUUID` is missing on pages without TLS.
      const randomId = () => crypto.getRandomValues(Uint32Array.of(0, 0, 0, 0)).join('-');
      return send(name, { ...input, operationId: input.operationId ?? randomId() }, options);
    },

    /** The class for WebSockets, unless the request has something that they cannot send. */
    webSocketFor({ headers }: RequestOptions): WebSocketClass | null | undefined {
      const { webSocket, fetch, token, headers: always } = client;
      const isPlain = !(fetch || token || always || headers);
      return webSocket === undefined && isPlain ? globalThis.WebSocket : webSocket;
    },
  };
}

/** The object that a JSON text stands for; undefined for a text that is not JSON: that of a proxy, for example. */
export function parsed<Value>(text: string): Value | undefined {
  try {
    return Object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** `fetch` of Node.js hides the reason behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message || String(error);
}

/** Names of headers in lower case, so that one of the caller replaces one of the client. */
function lowerCase(headers?: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(new Headers(headers));
}
