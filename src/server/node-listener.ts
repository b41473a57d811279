import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { DropLog } from './admission/drop-log.ts';
import { PipelinedRequests } from './admission/pipelined-requests.ts';
import type { OriginCheck } from './allowed-origins.ts';
import { corsHeaders, SECURITY_HEADERS, VARY } from './browser-headers.ts';
import { bugOf, maskResult } from './mask-result.ts';
import { pathOfTarget } from './paths.ts';
import { JSON_TYPE, type Refusal, refusalBody } from './refusal.ts';
import { factsOfMessage, type RequestFacts } from './request-facts.ts';
import { type LoggedRequest, logRequest, type ServerLogger } from './request-log.ts';
import type { RequestRules } from './request-rules.ts';
import { settleTarget, targetOf } from './request-target.ts';

export interface NodeListenerOptions {
  readonly logger: ServerLogger;
  /** Origins whose pages may read the answers; null if there are none. */
  readonly isAllowedOrigin: OriginCheck | null;
  /** Where connections that are closed are reported. Default: `logger`, by a log of its own. */
  readonly drops?: DropLog;
  /** Default: `settleTarget`, behind no proxy. */
  readonly settle?: RequestRules['settle'];
}

/** Answers a request. A rejection is a bug. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/**
 * The outermost listener for node:http. It serves the requests of a connection in their order, one at a time, settles the target of each
 * request before `handler` gets the request, and answers and logs whatever `handler` throws as a bug: neither Yoga nor Node.js shows the
 * error to the client.
 */
export function createNodeListener(handler: RequestHandler, options: NodeListenerOptions): RequestListener {
  const { settle = settleTarget } = options;
  const answerBug = createBugAnswer(options);
  const serve: RequestListener = (request, response) => {
    const startedAt = performance.now();
    const failed = (error: unknown) =>
      answerBug(error, request, response, factsOfMessage(request, options.logger, startedAt));
    try {
      const refusal = settle(request);
      if (refusal) {
        answerRefusal(
          request,
          response,
          refusal,
          options.logger,
          factsOfMessage(request, options.logger, startedAt),
        );
      } else handler(request, response)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  return new PipelinedRequests(serve, options.drops ?? new DropLog(options.logger)).listener;
}

/** Answers and logs a request that is refused, other than by Yoga. */
export function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  logger: ServerLogger,
  facts = factsOfMessage(request, logger),
  headers: Readonly<Record<string, string>> = {},
): void {
  facts.errorCodes = [refusal.code];
  facts.messages = [refusal.message];
  const all = { ...headers, ...refusal.headers };
  write(request, response, refusal.status, refusalBody(refusal), facts, logger, all);
}

/** Answers and logs a request after a bug; the error is masked as in `maskResult`. */
export function createBugAnswer({ logger, isAllowedOrigin }: NodeListenerOptions) {
  return (error: unknown, request: IncomingMessage, response: ServerResponse, facts: RequestFacts): void => {
    const { errors: [masked] = [] } = maskResult<ExecutionResult>({ errors: [bugOf(error)] }, facts, logger);
    if (response.headersSent) {
      // A part of the answer is sent: only closing the connection tells the client that the rest is missing.
      response.destroy();
      logRequest(logger, facts, loggedRequest(request, 500));
      return;
    }
    const { origin } = request.headers;
    const cors = origin !== undefined && isAllowedOrigin?.(origin) ? corsHeaders(origin) : [];
    const headers = { ...(isAllowedOrigin && VARY), ...Object.fromEntries(cors) };
    const body = refusalBody({ code: 'INTERNAL_SERVER_ERROR', message: masked?.message ?? '' });
    write(request, response, 500, body, facts, logger, headers);
  };
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string,
  facts: RequestFacts,
  logger: ServerLogger,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(body),
    'x-request-id': facts.id,
    ...SECURITY_HEADERS,
    ...headers,
  });
  response.end(body);
  logRequest(logger, facts, loggedRequest(request, status));
}

function loggedRequest(request: IncomingMessage, status: number): LoggedRequest {
  const { method = '' } = request;
  return { method, path: pathOfTarget(targetOf(request)), status };
}
