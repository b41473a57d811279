import {
  ConnectionError,
  type GraphQLErrorEntry,
  mutationError,
  type Refused,
  RequestError,
  TimeoutError,
} from './errors.ts';
import type { MutationResult, OperationText } from './generated/operations.ts';
import { withRetries } from './retry.ts';

/** Options of a client. */
export interface ClientOptions {
  /** In place of the global `fetch`, for example one that goes through a proxy. */
  readonly fetch?: typeof globalThis.fetch;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer …`. A function is called for each request, so that it can renew the token. */
  readonly token?: string | (() => string | Promise<string>);
  /** How long each attempt may take, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number;
  /** How often a request is sent again. Default: 2. */
  readonly maxRetries?: number;
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
/** Nearly 25 days. A timer that is set to more goes off at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;
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
  readonly #url: string;
  readonly #options: ClientOptions;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string | URL, options: ClientOptions) {
    this.#url = String(url);
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
    const variables = { input: { ...input, operationId: input.operationId ?? newOperationId() } };
    const body = JSON.stringify({ query: text, variables });
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
    const { signal } = options;
    signal?.throwIfAborted();
    const headers = await this.#headersOf(options);
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUT_MS;
    const controller = new AbortController();
    let isLate = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        controller.abort();
      },
      Math.min(timeoutMs, TIMER_MS_MAX),
    );
    const abort = () => controller.abort();
    signal?.addEventListener('abort', abort);
    try {
      // In a variable: as a method of another object, a browser's fetch throws.
      const fetch = this.#options.fetch ?? globalThis.fetch;
      const response = await fetch(this.#url, { method: 'POST', headers, body, signal: controller.signal });
      return this.#answerOf(response, await response.text());
    } catch (error) {
      if (error instanceof RequestError) throw error;
      signal?.throwIfAborted();
      if (isLate)
        throw new TimeoutError(`Expected an answer of ${this.#url} within ${timeoutMs} ms, got none.`);
      throw new ConnectionError(`Expected an answer of ${this.#url}, got: ${reasonOf(error)}`, error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
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

  #answerOf({ status, ok, headers }: Response, text: string): Answer {
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
    const message = `Expected an answer of GraphQL from ${this.#url}, got status ${status} and ${type}. Is it the URL of Sessiontree?`;
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
