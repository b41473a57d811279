import { isUtf8 } from 'node:buffer';
import type { GraphQLParams } from 'graphql-yoga';
import { badRequest, type Refusal, refusalError } from './refusal.ts';

/** The GraphQL parameters in a JSON body of at most `maxBytes`. Throws a refusal; it never repeats what came. */
export async function readParams(request: Request, maxBytes: number): Promise<GraphQLParams> {
  return parseParams(await readBody(request, maxBytes));
}

/** The GraphQL parameters in a body that was read. Throws a refusal. */
export function parseParams(body: Buffer): GraphQLParams {
  if (!isUtf8(body))
    throw refusalError(badRequest('The body is not UTF-8. Send it as plain, uncompressed JSON.'));
  return checkParams(parseJson(body.toString(), 'The body'));
}

/** The GraphQL parameters in a URL. Throws a refusal. */
export function readUrlParams(request: Request): GraphQLParams {
  const start = request.url.indexOf('?');
  const params = new URLSearchParams(start === -1 ? '' : request.url.slice(start + 1));
  const json = (name: string) => {
    const text = params.get(name);
    return text ? parseJson(text, `The parameter "${name}"`) : undefined;
  };
  return checkParams({
    query: params.get('query') ?? undefined,
    operationName: params.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  });
}

async function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  const declared = request.headers.get('content-length');
  if (declared === null) return readStream(request, maxBytes);
  if (Number(declared) > maxBytes) throw refusalError(tooLarge(maxBytes));
  // Node sees to it that no more comes than the header says; whoever calls `fetch` may say anything.
  const body = Buffer.from(await received(request.arrayBuffer()));
  if (body.byteLength > maxBytes) throw refusalError(tooLarge(maxBytes));
  return body;
}

async function readStream(request: Request, maxBytes: number): Promise<Buffer> {
  if (!request.body) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await received(reader.read());
    if (done) return Buffer.concat(chunks);
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      // Cancelling would close the connection before the answer is out: what still comes is let go by.
      discard(reader);
      throw refusalError(tooLarge(maxBytes));
    }
    chunks.push(value);
  }
}

/** What fails while a body is read is the connection to the client, and no fault of the server's. */
async function received<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch {
    throw refusalError(badRequest('The body broke off before its end.'));
  }
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client gave up: there is nothing left to let by.
  }
}

function tooLarge(maxBytes: number): Refusal {
  return {
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: `Expected a body of at most ${maxBytes} bytes. Send less at a time.`,
  };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusalError(badRequest(`${where} is not valid JSON.`));
  }
}

const PARAMETERS = new Set(['query', 'variables', 'operationName', 'extensions']);

/** https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters */
function checkParams(params: unknown): GraphQLParams {
  if (Array.isArray(params)) {
    throw refusalError(badRequest('Expected one request, got a list: batches are not supported.'));
  }
  if (!isRecord(params)) {
    throw refusalError(badRequest(`Expected a JSON object, got ${describe(params)}.`));
  }
  const { query, operationName, variables, extensions } = params;
  if (typeof query !== 'string') {
    throw refusalError(badRequest(`Expected "query" to be a string, got ${describe(query)}.`));
  }
  if (operationName != null && typeof operationName !== 'string') {
    throw refusalError(
      badRequest(`Expected "operationName" to be a string, got ${describe(operationName)}.`),
    );
  }
  checkIsObject('variables', variables);
  checkIsObject('extensions', extensions);
  for (const name in params) {
    if (PARAMETERS.has(name)) continue;
    throw refusalError(badRequest(`Expected no other parameters than ${[...PARAMETERS].join(', ')}.`));
  }
  return params;
}

function checkIsObject(name: string, value: unknown): void {
  if (value == null || isRecord(value)) return;
  throw refusalError(badRequest(`Expected "${name}" to be an object, got ${describe(value)}.`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
