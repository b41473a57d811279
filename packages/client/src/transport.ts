import {
  ConnectionError,
  type GraphQLErrorEntry,
  mutationError,
  type Refused,
  RequestError,
} from './errors.ts';
import type { MutationResult, OperationText } from './generated/operations.ts';
import { Patience } from './patience.ts';
import { withRetries } from './retry.ts';

/** Options of a client. */
export interface ClientOptions {
  /** In place of the global `fetch`, for example one that goes through a proxy. */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * For what is watched. Default: the global `WebSocket`, or none if `fetch`, `headers` or a `token` is given, which a WebSocket cannot
   * send. Without one (null), it is server-sent events, by `fetch`.
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

const TIMEOUT_MS = 60_000;
const MAX_RETRIES = 2;
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

/** Sends operations to one server, with retries. */
export class Transport {
  readonly url: string;
  readonly #options: ClientOptions;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string | URL, options: ClientOptions) {
    this.url = String(url);
    this.#options = options;
    this.#headers = { 'content-type': 'application/json', accept: ACCEPT, ...lowerCase(options.headers) };
  }

  /** The data of a query. Rejects with a `SessiontreeError`. */
  query<Data, Variables>(
    text: OperationText<Data, Variables>,
    variables: Variables,
    options: RequestOptions = {},
  ): Promise<Data> {
    return this.data(text, variables, options);
  }

  /** The data of any operation; one that is not repeatable is sent once. Rejects with a `SessiontreeError`. */
  async data<Data>(
    text: string,
    variables: unknown,
    options: RequestOptions,
    isRepeatable = true,
  ): Promise<Data> {
    const body = JSON.stringify({ query: text, variables });
    const { data } = await withRetries(
      () => this.#attempt(body, options),
      isRepeatable ? this.#maxRetries(options) : 0,
      options.signal,
    );
    return data as Data;
  }

  /**
   * The payload of the mutation `name`. Its `operationId`, the given one or else a new one, stays the same over all retries: what was done
   * before an answer got lost is not done again. Rejects with a `SessiontreeError`; a typed error of the schema is a `MutationError`.
   */
  async mutate<Name extends string, Payload, Input extends { readonly operationId?: string | null }>(
    name: Name,
    text: OperationText<{ readonly [name in Name]: MutationResult<Payload> }, { readonly input: Input }>,
    input: Input,
    options: RequestOptions = {},
  ): Promise<Payload> {
    const operationId = input.operationId ?? newOperationId();
    return this.send(name, text, { ...input, operationId }, options);
  }

  /** As `mutate`, with an input that is as it is: a mutation that can be repeated without an `operationId`. */
  async send<Name extends string, Payload, Input>(
    name: Name,
    text: OperationText<{ readonly [name in Name]: MutationResult<Payload> }, { readonly input: Input }>,
    input: Input,
    options: RequestOptions = {},
  ): Promise<Payload> {
    const body = JSON.stringify({ query: text, variables: { input } });
    const attempt = async () => {
      const { data, ...details } = await this.#attempt(body, options);
      const { __typename, ...payload } = data[name] as Refused;
      if (__typename.endsWith('Error')) throw mutationError(data[name] as Refused, details);
      return payload as Payload;
    };
    return withRetries(attempt, this.#maxRetries(options), options.signal);
  }

  #maxRetries({ maxRetries }: RequestOptions): number {
    return maxRetries ?? this.#options.maxRetries ?? MAX_RETRIES;
  }

  async #attempt(body: string, options: RequestOptions): Promise<Answer> {
    options.signal?.throwIfAborted();
    const patience = new Patience(options.signal);
    try {
      const response = await this.fetch(body, options, patience);
      return this.answerOf(response, await response.text().catch(this.failing(patience)));
    } finally {
      patience.end();
    }
  }

  /** The answer to a body, when its head is there. `patience` waits for it as long as an attempt may take. */
  async fetch(body: string, options: RequestOptions, patience: Patience, accept = ACCEPT): Promise<Response> {
    const headers = { ...(await this.#headersOf(options)), accept };
    patience.wait(options.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUT_MS, `an answer of ${this.url}`);
    // In a variable: as a method of another object, a browser's fetch throws.
    const fetch = this.#options.fetch ?? globalThis.fetch;
    return fetch(this.url, { method: 'POST', headers, body, signal: patience.signal }).catch(
      this.failing(patience),
    );
  }

  /** A function that throws what an error of `fetch` means. */
  failing({ signal }: Patience): (error: unknown) => never {
    return (error) => {
      if (signal.aborted) throw signal.reason;
      throw new ConnectionError(`Expected an answer of ${this.url}, got: ${reasonOf(error)}`, error);
    };
  }

  /** The class for WebSockets, unless the request has something that they cannot send. */
  webSocketFor({ headers }: RequestOptions): WebSocketClass | null | undefined {
    const { webSocket, fetch, token, headers: always } = this.#options;
    if (webSocket !== undefined) return webSocket;
    return fetch || token || always || headers ? null : globalThis.WebSocket;
  }

  async #headersOf({ headers }: RequestOptions): Promise<Readonly<Record<string, string>>> {
    const { token } = this.#options;
    if (token === undefined && headers === undefined) return this.#headers;
    const bearer = typeof token === 'function' ? await token() : token;
    return {
      ...this.#headers,
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...lowerCase(headers),
    };
  }

  /** The data of an answer with this text. Throws a `RequestError` if it has errors, or is none of GraphQL. */
  answerOf({ status, ok, headers }: Response, text: string): Answer {
    const requestId = headers.get('x-request-id');
    const body = parse(text);
    const errors = Array.isArray(body?.errors) ? body.errors : [];
    const [first] = errors;
    if (ok && body?.data && !first) return { data: body.data, status, requestId };
    const details = { status, requestId, retryAfterMs: secondsIn(headers.get('retry-after')) };
    if (first) {
      const code = first.extensions?.code ?? `HTTP_${status}`;
      throw new RequestError(first.message, { ...details, code, errors, data: body?.data });
    }
    const type = headers.get('content-type') ?? 'no content type';
    const message = `Expected an answer of GraphQL from ${this.url}, got status ${status} and ${type}. Is it the URL of Sessiontree?`;
    throw new RequestError(message, { ...details, code: ok ? 'NOT_GRAPHQL' : `HTTP_${status}` });
  }
}

/** Null for a text that is not a JSON object: that of a proxy, for example. */
function parse(text: string): Body | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' ? (body as Body) : null;
  } catch {
    return null;
  }
}

/** `Retry-After` in milliseconds; null if it is missing or a date. */
function secondsIn(value: string | null): number | null {
  return value !== null && /^\d+$/.test(value) ? Number(value) * 1_000 : null;
}

/** `fetch` of Node.js hides the reason behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message || String(error);
}

/** Names of headers in lower case, so that one of the caller replaces one of the client. */
function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** 128 random bits. `crypto.randomUUID` is missing on pages without TLS. */
function newOperationId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
