import type { DocumentNode, OperationDefinitionNode, parse, ValidationRule } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Refusal } from '../refusal.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { RequestHead } from '../request-head.ts';

/** An operation that is about to be executed. */
export interface Executed {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/**
 * A rule that every request must satisfy. Each check returns a refusal, or undefined if the request may go on. A check is synchronous,
 * except those that are given the facts of a request. If a check throws, that is a bug, and the request is answered with a 500.
 *
 * The properties stand in the order in which a request meets them. `head` runs exactly once a request, and so may count requests; so
 * may `message`. The other checks can run twice: the fast path hands on to Yoga what it cannot answer itself.
 */
export interface Policy {
  /** The name in tests. */
  readonly name: string;
  /** Checks the head, before any of the body is read. Requests of every protocol have one. Sets the caller of `facts`. */
  readonly head?: (head: RequestHead, facts: RequestFacts) => MaybePromise<Refusal | undefined>;
  /** Checks an operation over WebSocket before anything else of it, as `head` checks a request: the head opened the WebSocket. */
  readonly message?: (head: RequestHead, facts: RequestFacts) => MaybePromise<Refusal | undefined>;
  /**
   * Checks the method, and what the head says about the content (RFC 9110, section 6.4). It applies only to requests that carry GraphQL
   * parameters over HTTP. The refusal is answered in the media type that the client prefers, as all later ones are.
   */
  readonly content?: (head: RequestHead) => Refusal | undefined;
  /** Checks the GraphQL parameters. */
  readonly params?: (params: GraphQLParams, head: RequestHead) => Refusal | undefined;
  /** Wraps the parser. It throws a `documentError` to refuse a document. Cached documents are not parsed again. */
  readonly parser?: (parser: Parser) => Parser;
  /** Checks the operation that a request selects, once its document is parsed. */
  readonly operation?: (operation: OperationDefinitionNode, head: RequestHead) => Refusal | undefined;
  /** A validation rule. It must depend on the document only: validation caches its result for all requests. */
  readonly document?: ValidationRule;
  /** Checks a query or a mutation that has passed all else, right before it is executed. */
  readonly execution?: (executed: Executed, facts: RequestFacts) => MaybePromise<Refusal | undefined>;
}

export type Parser = typeof parse;
