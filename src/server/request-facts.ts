import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { OperationDefinitionNode } from 'graphql';
import { ANYONE, type Caller } from '../model/caller.ts';
import type { SessionRepository } from '../repository/repository.ts';
import type { SchemaContext } from '../schema/context.ts';
import { clientAddress, forwardedOf, plainAddress } from './proxy/client-address.ts';
import type { BeginTrace, RequestTrace } from './tracing/request-trace.ts';

/** What is collected about a request for its answer and its line in the log. */
export interface RequestFacts {
  readonly id: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** The address of the client; undefined if it is not known. */
  readonly client: string | undefined;
  /** Set once the request is authenticated. */
  caller: Caller;
  /** The method that the client sent, if plugins see another. */
  method?: string;
  operation?: OperationDefinitionNode;
  /** Set when the operation is executed. */
  context?: SchemaContext;
  /** Of a server that makes traces. */
  trace?: RequestTrace;
  /** True once the client has closed the connection without its answer. */
  hasLeft?: boolean;
  errorCodes?: readonly string[];
  /** Why it was refused, without values from the request. */
  messages?: readonly string[] | undefined;
}

const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** The facts of a new request. Its id is the client's, if that is a valid one, or a new one. */
export function createFacts(
  givenId: string | string[] | null | undefined,
  startedAt = performance.now(),
  client?: string,
): RequestFacts {
  const id = typeof givenId === 'string' && ACCEPTED.test(givenId) ? givenId : randomUUID();
  return { id, startedAt, client, caller: ANYONE };
}

/** Begins the traces of requests, if the server makes any; a `ServerLogger` is one. */
export interface TraceBeginner {
  readonly beginTrace?: BeginTrace;
}

/** The facts of a new request of node:http, whose trace begins. */
export function factsOfMessage(
  request: IncomingMessage,
  { beginTrace }: TraceBeginner,
  startedAt?: number,
): RequestFacts {
  const { headers } = request;
  const facts = createFacts(headers['x-request-id'], startedAt, clientAddress(request));
  if (beginTrace) {
    const scheme = forwardedOf(request)?.scheme ?? 'http';
    facts.trace = beginTrace({ carrier: headers, scheme, startedAt: facts.startedAt });
  }
  return facts;
}

/** The facts of what came over a connection without a request of node:http. */
export function factsOfSocket(socket: Duplex, { beginTrace }: TraceBeginner): RequestFacts {
  const facts = createFacts(null, undefined, plainAddress((socket as Socket).remoteAddress));
  if (beginTrace) facts.trace = beginTrace({ carrier: {}, startedAt: facts.startedAt });
  return facts;
}

/** `repository`, with its calls in the trace of the request, if there is one. */
export function traced(repository: SessionRepository, { trace }: RequestFacts): SessionRepository {
  return trace ? trace.timed(repository) : repository;
}

/** Notes what is about to be executed for a request. */
export function noteExecution(
  facts: RequestFacts,
  operation: OperationDefinitionNode,
  context: SchemaContext,
): void {
  facts.operation = operation;
  facts.context = context;
  if (facts.hasLeft) context.budget.leave();
}

/** Ends the execution of a request whose client has gone: nothing more is read or written for it. */
export function noteDeparture(facts: RequestFacts): void {
  facts.hasLeft = true;
  facts.context?.budget.leave();
}
