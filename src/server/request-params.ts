import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GraphQLParams } from 'graphql-yoga';
import type { Limits } from '../model/limits.ts';
import { OVERLOADED } from './admission/overloaded.ts';
import { SMALL_BYTES } from './admission/small.ts';
import type { Ticket } from './admission/ticket.ts';
import { hasMoreValues, memoryOf } from './count-values.ts';
import { badRequest, refusalError, tooLarge, tooManyValues } from './refusal.ts';

export type BodyLimits = Pick<Limits, 'bodyBytes' | 'bodyValues'>;

/**
 * Reads the GraphQL parameters of a request: of GET from the URL, of POST from a JSON body within `limits`. The types of the
 * parameters are not checked here, but by a policy. A request with a `ticket` waits for its turn before its body is parsed. Throws a
 * refusal, which never repeats the input.
 */
export async function readParams(
  request: Request,
  limits: BodyLimits,
  ticket?: Ticket,
): Promise<GraphQLParams> {
  const body = request.method === 'GET' ? null : await readBody(request, limits.bodyBytes, ticket);
  if (body && body.byteLength > SMALL_BYTES) return parseLarge(body, limits.bodyValues, ticket);
  if (ticket && !(await ticket.begin(body?.byteLength ?? 0))) throw refusalError(OVERLOADED);
  return body ? parseParams(body, limits.bodyValues) : paramsInUrl(request.url);
}

/** To count, to parse and to execute each take as long as others should wait: each is done in another turn of the event loop. */
async function parseLarge(body: Buffer, maxValues: number, ticket?: Ticket): Promise<GraphQLParams> {
  await ticket?.ownTurn();
  const memory = memoryOf(body, maxValues);
  if (memory === null) throw refusalError(tooManyValues(maxValues));
  await nextTurn();
  if (ticket && !(await ticket.begin(body.byteLength, memory))) throw refusalError(OVERLOADED);
  const params = parseBody(body);
  ticket?.parsed();
  await nextTurn();
  return params;
}

/** The GraphQL parameters in a body, unchecked as in `readParams`. Throws a refusal. */
export function parseParams(body: Buffer, maxValues: number): GraphQLParams {
  if (hasMoreValues(body, maxValues)) throw refusalError(tooManyValues(maxValues));
  return parseBody(body);
}

function parseBody(body: Buffer): GraphQLParams {
  if (!isUtf8(body))
    throw refusalError(badRequest('The body is not UTF-8. Send it as plain, uncompressed JSON.'));
  return parseJson(body.toString(), 'The body') as GraphQLParams;
}

function paramsInUrl(url: string): GraphQLParams {
  const start = url.indexOf('?');
  const params = new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
  const json = (name: string) => {
    const text = params.get(name);
    return text ? (parseJson(text, `The parameter "${name}"`) as Record<string, unknown>) : undefined;
  };
  return {
    query: params.get('query') ?? undefined,
    operationName: params.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

async function readBody(request: Request, maxBytes: number, ticket?: Ticket): Promise<Buffer> {
  const declared = request.headers.get('content-length');
  // Yoga's requests keep what `arrayBuffer` has read for as long as they last: a large body must not be kept.
  if (declared === null || Number(declared) > SMALL_BYTES) return readStream(request, maxBytes, ticket);
  // Node.js holds a body to its Content-Length. A caller of `yoga.fetch` may set any.
  const body = Buffer.from(await received(request.arrayBuffer()));
  if (body.byteLength > maxBytes) throw refusalError(tooLarge(maxBytes));
  return body;
}

async function readStream(request: Request, maxBytes: number, ticket?: Ticket): Promise<Buffer> {
  if (!request.body) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await received(reader.read());
    if (done) return Buffer.concat(chunks);
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      // Cancelling would close the connection before the answer is sent: the rest is read and dropped.
      discard(reader);
      throw refusalError(tooLarge(maxBytes));
    }
    // Once it is no longer small, it may become the largest: nothing more is read until there is room for that.
    if (bytes > SMALL_BYTES && ticket && !(await ticket.reserve(maxBytes))) {
      void discard(reader);
      throw refusalError(OVERLOADED);
    }
    chunks.push(value);
  }
}

export const BODY_BROKE_OFF = 'The body broke off before its end.';

/** An error while a body is read is a broken connection, not a bug. */
async function received<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch {
    throw refusalError(badRequest(BODY_BROKE_OFF));
  }
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client closed the connection: there is nothing left to drop.
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusalError(badRequest(`${where} is not valid JSON.`));
  }
}
