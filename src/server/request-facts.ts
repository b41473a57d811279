import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { OperationDefinitionNode } from 'graphql';
import { ANYONE, type Caller } from '../model/caller.ts';
import type { SchemaContext } from '../schema/context.ts';
import { clientAddress } from './proxy/client-address.ts';

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

/** The facts of a new request of node:http. */
export function factsOfMessage(request: IncomingMessage, startedAt?: number): RequestFacts {
  return createFacts(request.headers['x-request-id'], startedAt, clientAddress(request));
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
