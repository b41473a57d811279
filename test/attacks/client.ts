import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

/** What a request got. */
export interface Answer {
  /** Null if no answer came. */
  readonly status: number | null;
  /**
   * The code of the first error, else the type of a mutation's typed error, else `ok`. Without an answer: `closed` by the server,
   * or `silent` for longer than the client waited.
   */
  readonly code: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body. */
  readonly bytes: number;
  /** The body, up to `KEPT_BYTES`. */
  readonly text: string;
}

export interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent | false;
  readonly timeoutMs?: number;
  /** Ends the request, as a client does that leaves. */
  readonly signal?: AbortSignal;
}

/** Bytes of a body that are kept: the answers of some attacks have hundreds of megabytes. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Bytes of the end of a long body that are kept, for its errors. */
const LAST_BYTES = 16 * 1024;
/** Milliseconds that a client waits for the end of an answer. */
export const PATIENCE_MS = 45_000;

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Sends one request, by default JSON to `/graphql`. Never rejects. */
export function send(port: number, sent: Request): Promise<Answer> {
  const { method = 'POST', path = '/graphql', body, agent = false, timeoutMs = PATIENCE_MS, signal } = sent;
  const headers: OutgoingHttpHeaders = { host: 'localhost', ...JSON_HEADERS, ...sent.headers };
  if (body !== undefined && headers['transfer-encoding'] === undefined)
    headers['content-length'] ??= Buffer.byteLength(body);
  return new Promise((resolve) => {
    const started = { status: null as number | null, headers: {} as IncomingHttpHeaders };
    const kept: Buffer[] = [];
    let last: Buffer = Buffer.alloc(0);
    let bytes = 0;
    const done = (missing?: 'closed' | 'silent') => {
      clearTimeout(timer);
      const body = Buffer.concat(kept);
      const text = body.toString();
      const code =
        missing ?? (bytes > body.length ? codeInLong(last.toString()) : codeOf(text, started.status));
      resolve({ ...started, code, bytes, text });
    };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      agent,
      setHost: false,
      ...(signal && { signal }),
    });
    const timer = setTimeout(() => {
      done('silent');
      outgoing.destroy();
    }, timeoutMs);
    outgoing
      .on('response', (response) => {
        started.status = response.statusCode!;
        started.headers = response.headers;
        response
          .on('data', (chunk: Buffer) => {
            if (bytes < KEPT_BYTES) kept.push(chunk);
            last = chunk.length < LAST_BYTES ? Buffer.concat([last, chunk]).subarray(-LAST_BYTES) : chunk;
            bytes += chunk.length;
          })
          .on('end', () => done())
          // A refusal of a body may come, whole, before the server closes.
          .on('close', () => done(response.complete ? undefined : 'closed'))
          .on('error', () => done('closed'));
      })
      .on('error', () => {
        if (started.status === null) done('closed');
      });
    outgoing.end(body);
  });
}

/** The body of a GraphQL request. */
export function bodyOf(query: string, variables?: unknown): string {
  return JSON.stringify({ query, variables });
}

/** Sends a GraphQL request. Never rejects. */
export function query(
  port: number,
  document: string,
  variables?: unknown,
  options: Request = {},
): Promise<Answer> {
  return send(port, { ...options, body: bodyOf(document, variables) });
}

/** What an answer was, in the words of `Attack.allowed`. */
export function summaryOf({ status, code }: Pick<Answer, 'status' | 'code'>): string {
  return status === null ? code : `${status} ${code}`;
}

interface Body {
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
  readonly data?: Readonly<Record<string, { readonly __typename?: string } | null>> | null;
}

function codeOf(text: string, status: number | null): string {
  const body = bodyIn(text);
  if (body === null) return status !== null && status < 300 ? 'ok' : 'without code';
  if (body.errors) return body.errors[0]?.extensions?.code ?? 'without code';
  const refused = Object.values(body.data ?? {}).find((field) => field?.__typename?.endsWith('Error'));
  return refused?.__typename ?? 'ok';
}

/** The same for the end of an answer that is too long to be kept. Its errors follow its data. */
function codeInLong(end: string): string {
  return /"errors":\[.*?"code":"(\w+)"/s.exec(end)?.[1] ?? 'ok';
}

/** Null for what is no JSON object: GraphiQL, a probe. */
function bodyIn(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Body) : null;
  } catch {
    return null;
  }
}

/** Sockets that stay open from one request to the next. */
export const keptAlive = (maxSockets: number): Agent => new Agent({ keepAlive: true, maxSockets });
