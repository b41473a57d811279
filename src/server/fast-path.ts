import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import { type DocumentNode, type ExecutionResult, getOperationAST } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import { execute } from '../execution/execute.ts';
import { createContext } from '../schema/context.ts';
import { schema } from '../schema/index.ts';
import { resultType } from './accept.ts';
import { Admission } from './admission/admission.ts';
import { ANSWER_OVERLOADED, OVERLOADED } from './admission/overloaded.ts';
import { SMALL_BYTES } from './admission/small.ts';
import { Ticket } from './admission/ticket.ts';
import { SECURITY_HEADERS, VARY } from './browser-headers.ts';
import { meterOf } from './callers/meter.ts';
import type { DocumentCache } from './document-cache.ts';
import { createEndOfTurn } from './end-of-turn.ts';
import { knownDocument } from './known-document.ts';
import { createEventStreams } from './live/event-stream.ts';
import { Live } from './live/live.ts';
import { maskResult } from './mask-result.ts';
import { answerRefusal, createBugAnswer, type RequestHandler } from './node-listener.ts';
import { GRAPHQL_PATH } from './paths.ts';
import type { HandedOn, ServerContext } from './plugin.ts';
import type { Refusal } from './refusal.ts';
import { factsOfMessage, noteDeparture, noteExecution, type RequestFacts, traced } from './request-facts.ts';
import { headOfMessage, type RequestHead } from './request-head.ts';
import { CLIENT_CLOSED_REQUEST, logRequest } from './request-log.ts';
import { BODY_BROKE_OFF, parseParams } from './request-params.ts';
import type { RequestRules } from './request-rules.ts';
import { targetOf } from './request-target.ts';
import type { ServerSettings } from './settings.ts';
import { bodyOf, isPlain, isSmallRequest } from './small-request.ts';
import { writeAnswer } from './write-answer.ts';
import type { SessiontreeYoga } from './yoga-path.ts';

/**
 * A request takes one of two paths through the server:
 *
 * - The *fast path* serves what programs send over and over: a small JSON body by POST, from a program on this machine, with a document
 *   that was served before. The fast path checks the policies, executes the operation, and writes the answer.
 * - *Yoga*, with its plugins, serves all other requests: those of browsers, those whose answer is compressed, those with a document
 *   that is new. Yoga also answers every request that a policy refuses, so that refusals are written in one place.
 *
 * Both paths give the same answer; `test/server/fast-path.test.ts` compares them. Both run the same list of policies, `checks`. The
 * policies for the head, and for the content of a plain request, run here, before the paths part. Every request has a ticket of
 * `admission`. `documents` are those that have passed the policies and validation, by text and by hash.
 */
export function withFastPath(
  yoga: Pick<SessiontreeYoga, 'handleNodeRequestAndResponse' | 'fetch'>,
  settings: ServerSettings,
  { checks, isAllowedOrigin }: RequestRules,
  documents: DocumentCache<DocumentNode>,
  admission = new Admission(settings),
  live = new Live(settings, admission),
): RequestHandler {
  const { repository, tokens, limits, logger, callers } = settings;
  const answerBug = createBugAnswer({ logger, isAllowedOrigin });
  const stream = createEventStreams(live, settings, { isAllowedOrigin });
  const endOfTurn = createEndOfTurn();
  const sameHeaders = { ...SECURITY_HEADERS, ...(isAllowedOrigin && VARY) };

  /** Undefined if nothing was executed: Yoga then answers the request. */
  async function execution(
    body: Buffer,
    { facts, head, ticket }: HandedOn,
  ): Promise<ExecutionResult | undefined> {
    const params = paramsIn(body, limits.bodyValues);
    if (!params || checks.params(params, head)) return undefined;
    const document = knownDocument(params, documents);
    const operation = document && getOperationAST(document, params.operationName);
    if (!document || !operation || operation.operation === 'subscription') return undefined;
    if (checks.operation(operation, head)) return undefined;
    const refusal = checks.execution({ document, operation }, facts);
    if (refusal instanceof Promise ? await refusal : refusal) return undefined;
    const { startedAt, caller } = facts;
    const contextValue = createContext({
      repository: traced(repository, facts),
      caller,
      tokens,
      sessions: callers?.sessions ?? null,
      limits,
      startedAt,
      hold: ticket.charge,
    });
    noteExecution(facts, operation, contextValue);
    const result = await execute({
      schema,
      document,
      contextValue,
      variableValues: params.variables,
      operationName: params.operationName,
    });
    // A result without data is a refusal of variables or arguments: nothing was executed.
    return 'data' in result ? maskResult(result, facts, logger) : undefined;
  }

  async function respond(
    request: IncomingMessage,
    response: ServerResponse,
    handedOn: HandedOn,
  ): Promise<void> {
    const { facts, head, ticket } = handedOn;
    const body = await receive(request, facts);
    if (body === null) return;
    const hasBegun = ticket.begin(body.byteLength);
    if (hasBegun !== true && !(await hasBegun)) {
      answerRefusal(request, response, OVERLOADED, logger, facts);
      return;
    }
    const result = await execution(body, handedOn);
    if (result === undefined) return respondByFetch(request, response, handedOn, body);
    await (ticket.answerTurn() ?? endOfTurn());
    const written = writeAnswer(result, facts, limits.answerBytes, logger);
    const answer = encoded(written instanceof Promise ? await written : written);
    facts.context?.budget.release();
    const bytes = bytesOf(answer);
    if (!ticket.settle(bytes)) {
      answerRefusal(request, response, ANSWER_OVERLOADED, logger, facts);
      return;
    }
    if (!facts.hasLeft) {
      response.writeHead(200, {
        'content-type': `${resultType(head.header('accept'))}; charset=utf-8`,
        'content-length': bytes,
        'x-request-id': facts.id,
        ...sameHeaders,
      });
      endWith(response, answer);
    }
    logRequest(logger, facts, { method: 'POST', path: GRAPHQL_PATH, status: 200 });
  }

  /** The body of a small request. Logs one that broke off: nobody is left to answer. */
  async function receive(request: IncomingMessage, facts: RequestFacts): Promise<Buffer | null> {
    const body = await bodyOf(request);
    if (body !== null) return body;
    facts.errorCodes = ['BAD_REQUEST'];
    facts.messages = [BODY_BROKE_OFF];
    logRequest(logger, facts, { method: 'POST', path: GRAPHQL_PATH, status: 400 });
    return null;
  }

  async function respondByFetch(
    request: IncomingMessage,
    response: ServerResponse,
    handedOn: HandedOn,
    body: Buffer | undefined,
  ): Promise<void> {
    const headers = { ...request.headers } as Record<string, string>;
    const init = { method: request.method!, headers, ...(body && { body: new Uint8Array(body) }) };
    const url = `http://${handedOn.head.host}${targetOf(request)}`;
    return send(await yoga.fetch(url, init, { handedOn }), request, response, handedOn);
  }

  /** What Yoga's own listener keeps of a request would be kept for as long as its stream lasts. */
  async function respondWithStream(
    request: IncomingMessage,
    response: ServerResponse,
    handedOn: HandedOn,
  ): Promise<void> {
    const body = request.method === 'POST' ? await receive(request, handedOn.facts) : undefined;
    if (body !== null) return respondByFetch(request, response, handedOn, body);
  }

  /** Reserves room for the body before any of it is read. */
  async function refusalOfBody(head: RequestHead, ticket: Ticket): Promise<Refusal | undefined> {
    const bytes = Number(head.header('content-length') ?? 0);
    // Of a content that is refused, nothing is read. Such a size may be any number.
    if (!(bytes > SMALL_BYTES) || head.method !== 'POST' || checks.content(head)) return undefined;
    return (await ticket.reserve(bytes)) ? undefined : OVERLOADED;
  }

  async function respondByYoga(
    request: IncomingMessage,
    response: ServerResponse,
    { ticket, ...headOnly }: HandedOn,
  ): Promise<void> {
    const refusal = headOnly.refusal ?? (await refusalOfBody(headOnly.head, ticket));
    const handedOn: HandedOn = { ...headOnly, refusal, ticket };
    // The context that Yoga's own listener passes, and `handedOn`.
    const context = { req: request, res: response, handedOn };
    const answered = await yoga.handleNodeRequestAndResponse(
      request,
      response,
      context as typeof context & ServerContext,
    );
    return send(answered, request, response, handedOn);
  }

  /** Sends what Yoga answered, or the events of a subscription. */
  function send(
    answered: Response,
    request: IncomingMessage,
    response: ServerResponse,
    { ticket, facts, subscription }: HandedOn,
  ): Promise<void> | void {
    // Sending lasts as long as the client takes to read.
    ticket.finish();
    if (subscription) stream({ request, response, facts }, subscription);
    else return sendNodeResponse(answered, response, request, true);
  }

  return (request, response) => {
    const facts = factsOfMessage(request, logger);
    const head = headOfMessage(request);
    noteEarlyClose(response, facts);
    const refusal = checks.head(head, facts);
    if (!(refusal instanceof Promise)) return respondAfter(refusal, request, response, { facts, head });
    return refusal.then(
      (settled) => {
        if (!facts.hasLeft) return respondAfter(settled, request, response, { facts, head });
        // Nothing of its body would come any more.
        const status = CLIENT_CLOSED_REQUEST;
        logRequest(logger, facts, { method: request.method!, path: head.path, status });
      },
      (error) => answerBug(error, request, response, facts),
    );
  };

  /** Responds to a request whose head was checked. */
  function respondAfter(
    refusal: Refusal | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    { facts, head }: Pick<HandedOn, 'facts' | 'head'>,
  ): Promise<void> {
    const ticket = new Ticket(admission, response, meterOf(callers, facts.caller));
    const handedOn = { facts, head, refusal, ticket, live };
    const isSmall = !refusal && isSmallRequest(head) && !checks.content(head);
    const takesResult = resultType(head.header('accept')) !== null;
    let respondTo = respondByYoga;
    if (isSmall && isPlain(head) && takesResult) respondTo = respond;
    else if (isSmall && !takesResult) respondTo = respondWithStream;
    const responding = respondTo(request, response, handedOn);
    return responding.then(
      () => ticket.finish(),
      (error) => {
        ticket.finish();
        answerBug(error, request, response, facts);
      },
    );
  }
}

/** A function of its own: the listener of a stream lasts, and would keep all of the request that other functions beside it use. */
function noteEarlyClose(response: ServerResponse, facts: RequestFacts): void {
  response.on('close', () => {
    if (!response.writableFinished) noteDeparture(facts);
  });
}

/** A long text in bytes, which stay outside of the heap until the client has read them. */
function encoded(answer: string | readonly Buffer[]): string | readonly Buffer[] {
  return typeof answer === 'string' && answer.length > SMALL_BYTES ? [Buffer.from(answer)] : answer;
}

/** Null for a body that is refused. */
function paramsIn(body: Buffer, maxValues: number): GraphQLParams | null {
  try {
    return parseParams(body, maxValues);
  } catch {
    // Yoga parses the same body, and answers with the refusal.
    return null;
  }
}

function bytesOf(answer: string | readonly Buffer[]): number {
  if (typeof answer === 'string') return Buffer.byteLength(answer);
  return answer.reduce((sum, { length }) => sum + length, 0);
}

function endWith(response: ServerResponse, answer: string | readonly Buffer[]): void {
  if (typeof answer === 'string') {
    response.end(answer);
    return;
  }
  for (const piece of answer) response.write(piece);
  response.end();
}
