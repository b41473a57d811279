import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type DocumentNode, type ExecutionResult, GraphQLError, getOperationAST } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import { execute } from '../execution/execute.ts';
import { createContext } from '../schema/context.ts';
import { schema } from '../schema/index.ts';
import { createDocumentCache, type DocumentCache } from './document-cache.ts';
import { createEndOfTurn } from './end-of-turn.ts';
import type { RequestFacts } from './plugin.ts';
import { VARY } from './plugins/use-cors.ts';
import { maskResult } from './plugins/use-error-masking.ts';
import { createHostCheck } from './plugins/use-host-check.ts';
import { isJson } from './plugins/use-json-requests.ts';
import { requestIdOf } from './plugins/use-request-id.ts';
import { logRequest, operationFacts } from './plugins/use-request-log.ts';
import { GRAPHQL_PATH } from './plugins/use-routes.ts';
import { SECURITY_HEADERS } from './plugins/use-security-headers.ts';
import { parseParams } from './request-params.ts';
import { createSessiontreeYoga, type SessiontreeYoga, type SessiontreeYogaOptions } from './yoga.ts';

/** Larger bodies gain nothing: they take longer to read than all that the fast path spares them. */
const MAX_BODY = 64 * 1024;

const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';

/** What clients that are programs say they accept, and what Yoga answers each with. */
const ANSWER_TYPES = new Map<string | undefined, string>([
  [undefined, JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/json, */*', JSON_TYPE],
  ['application/json, text/plain, */*', JSON_TYPE],
  ['application/graphql-response+json', RESPONSE_TYPE],
  ['application/graphql-response+json, application/json', RESPONSE_TYPE],
  ['application/graphql-response+json,application/json;q=0.9', RESPONSE_TYPE],
]);

/** The API behind node:http: Yoga, with a fast path before it. It opens and closes nothing. */
export function createRequestListener(options: SessiontreeYogaOptions): RequestListener {
  const documents = createDocumentCache<DocumentNode>();
  return withFastPath(createSessiontreeYoga(options, documents), options, documents);
}

/**
 * Two ways lead through the server:
 *
 * - The *fast path* takes what programs send over and over: a small JSON body by POST, under a name of the server's own, from
 *   no browser, with a document that has been served before. Nothing about such a request can be refused but for its
 *   variables, so all that is left to do is to execute it and to write the answer.
 * - *Yoga*, with its plugins, takes all else, and whatever the fast path finds that it cannot take: what comes from a
 *   browser, each document for the first time, everything that is refused. So each policy and each refusal is there once.
 *
 * An answer is the same whichever way it came: `test/server/fast-path.test.ts` compares them.
 *
 * `documents` are those that `yoga` has served, by their text.
 */
export function withFastPath(
  yoga: Pick<SessiontreeYoga, 'requestListener' | 'fetch'>,
  { repository, limits, logger, allowedHosts, allowedOrigins }: SessiontreeYogaOptions,
  documents: DocumentCache<DocumentNode>,
): RequestListener {
  const isOwnHost = createHostCheck(allowedHosts);
  const endOfTurn = createEndOfTurn();
  const maxBody = Math.min(MAX_BODY, limits.bodyBytes);
  const sameHeaders = { ...SECURITY_HEADERS, ...(allowedOrigins.length > 0 && VARY) };

  /** The type of the answer to a request that the fast path can take, as far as its head says. */
  function answerType({ method, url, headers }: IncomingMessage): string | undefined {
    const isPlain =
      method === 'POST' &&
      url === GRAPHQL_PATH &&
      isJson(headers['content-type']) &&
      headers['content-encoding'] === undefined &&
      Number(headers['content-length']) <= maxBody &&
      isOwnHost(headers.host) &&
      // A browser names the page that sends; what it may send, and who may read the answer, is for the plugins to say.
      headers.origin === undefined &&
      headers['sec-fetch-site'] === undefined;
    return isPlain ? ANSWER_TYPES.get(headers.accept) : undefined;
  }

  /** Undefined where nothing was executed: Yoga says why. */
  async function answer(body: Buffer, facts: RequestFacts): Promise<ExecutionResult | undefined> {
    const params = paramsIn(body);
    const document = params?.query ? documents.get(params.query) : undefined;
    const operation = document && getOperationAST(document, params?.operationName);
    if (!document || !operation || operation.operation === 'subscription') return undefined;
    facts.operation = operationFacts(operation);
    const result = await execute({
      schema,
      document,
      contextValue: createContext({ repository, limits }),
      variableValues: params?.variables,
      operationName: params?.operationName,
    });
    // Without data it was refused for its variables, before anything was executed.
    return 'data' in result ? maskResult(result, facts, logger) : undefined;
  }

  async function respond(
    request: IncomingMessage,
    response: ServerResponse,
    type: string,
    facts: RequestFacts,
  ): Promise<void> {
    const body = await bodyOf(request);
    if (body === null) {
      // The client gave up: there is nobody to answer.
      facts.errorCodes = ['BAD_REQUEST'];
      logRequest(logger, facts, { method: 'POST', path: GRAPHQL_PATH, status: 400 });
      return;
    }
    const result = await answer(body, facts);
    if (result === undefined) return respondByYoga(request, response, body, facts);
    await endOfTurn();
    write(response, 200, type, result, facts);
  }

  function write(
    response: ServerResponse,
    status: number,
    type: string,
    result: ExecutionResult,
    facts: RequestFacts,
  ): void {
    const text = JSON.stringify(result);
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(text),
      'x-request-id': facts.id,
      ...sameHeaders,
    });
    response.end(text);
    logRequest(logger, facts, { method: 'POST', path: GRAPHQL_PATH, status });
  }

  async function respondByYoga(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    facts: RequestFacts,
  ): Promise<void> {
    const headers = { ...request.headers } as Record<string, string>;
    const answered = await yoga.fetch(
      `http://${headers.host}${GRAPHQL_PATH}`,
      { method: 'POST', headers, body: new Uint8Array(body) },
      { handedOn: facts },
    );
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    response.end(Buffer.from(await answered.arrayBuffer()));
  }

  return (request, response) => {
    const type = answerType(request);
    if (type === undefined) {
      nameHost(request);
      yoga.requestListener(request, response);
      return;
    }
    const id = requestIdOf(request.headers['x-request-id'] as string | undefined);
    const facts: RequestFacts = { id, startedAt: performance.now() };
    respond(request, response, type, facts).catch((error) => {
      const bug = new GraphQLError('', { originalError: error });
      const result = maskResult<ExecutionResult>({ errors: [bug] }, facts, logger);
      if (!response.headersSent) write(response, 500, type, result, facts);
    });
  };
}

/**
 * Yoga makes a URL of the Host header before any plugin can refuse it, and answers with a stack where it cannot. What names no
 * host is therefore given a name that is nobody's (RFC 6761), which is refused as any other.
 */
function nameHost({ headers }: IncomingMessage): void {
  if (headers.host !== undefined && !URL.canParse(`http://${headers.host}`)) headers.host = 'host.invalid';
}

/** Null where the connection ends first. */
function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
      // After the end it says nothing more.
      .on('close', () => resolve(null));
  });
}

/** Null for what is to be refused. */
function paramsIn(body: Buffer): GraphQLParams | null {
  try {
    return parseParams(body);
  } catch {
    // Yoga comes upon the same, and tells the client.
    return null;
  }
}
