import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import { schema } from '../schema/index.ts';
import type { DocumentCache } from './document-cache.ts';
import { knownDocument } from './known-document.ts';
import { persistedHashOf } from './persisted-queries.ts';
import type { Checks } from './policies/checks.ts';
import { refusalError } from './refusal.ts';
import type { RequestHead } from './request-head.ts';

/** An operation that has passed all policies and validation. */
export interface CheckedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly params: GraphQLParams;
}

/** Gives the operation that the parameters select, or the errors for which it is refused. */
export type CheckOperation = (
  params: GraphQLParams,
  head: RequestHead,
) => CheckedOperation | { readonly errors: readonly GraphQLError[] };

/**
 * Creates the checks of operations that come over WebSocket: what Yoga, with its plugins, checks for requests over HTTP. `documents` are
 * those that have passed the policies and validation; new ones are added.
 */
export function createOperationCheck(checks: Checks, documents: DocumentCache<DocumentNode>): CheckOperation {
  const parseDocument = checks.parser(parse);
  const rules = [...specifiedRules, ...checks.documents];

  /** Throws the syntax error. */
  function parsed(query: string): DocumentNode {
    try {
      return parseDocument(query);
    } catch (error) {
      throw error instanceof GraphQLError ? withCode(error, 'GRAPHQL_PARSE_FAILED') : error;
    }
  }

  function check(params: GraphQLParams, head: RequestHead): ReturnType<CheckOperation> {
    const refusal = checks.params(params, head);
    if (refusal) throw refusalError(refusal);
    const known = knownDocument(params, documents);
    const document = known ?? parsed(params.query ?? '');
    const operation = getOperationAST(document, params.operationName);
    const operationRefusal = operation && checks.operation(operation, head);
    if (operationRefusal) throw refusalError(operationRefusal);
    if (!known) {
      const errors = validate(schema, document, rules);
      if (errors.length > 0)
        return { errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
      keep(params, document, documents);
    }
    if (!operation) throw unknownOperation(params);
    return { document, operation, params };
  }

  return (params, head) => {
    try {
      return check(params, head);
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  };
}

/** As `useKnownDocuments` keeps those of Yoga. */
function keep(params: GraphQLParams, document: DocumentNode, documents: DocumentCache<DocumentNode>): void {
  const { query } = params;
  if (!query) return;
  documents.set(query, document);
  const hash = persistedHashOf(params);
  if (hash !== undefined && documents.get(query)) documents.set(hash, document);
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, extensions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions: { code, ...extensions } });
}

function unknownOperation({ operationName }: GraphQLParams): GraphQLError {
  const message = operationName
    ? 'Expected "operationName" to be that of an operation of the document, got another.'
    : 'Expected "operationName", as the document has several operations, got none.';
  return new GraphQLError(message, { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } });
}
