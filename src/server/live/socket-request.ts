import type { ExecutionArgs, GraphQLError } from 'graphql';
import { schema } from '../../schema/index.ts';
import type { CheckedOperation } from '../check-operation.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { AdmittedSubscription } from './live.ts';
import type { OperationUnderWay, SocketConnection } from './socket-connection.ts';

/** An operation that may begin. graphql-ws carries it as the context of the operation. */
export interface SocketRequest {
  readonly connection: SocketConnection;
  readonly id: string;
  readonly facts: RequestFacts;
  readonly checked: CheckedOperation;
  readonly underWay: OperationUnderWay;
  /** Of a subscription. */
  readonly admitted: AdmittedSubscription | null;
  /** Lets graphql-ws forget the operation: it says nothing more of it to the client. */
  readonly forget: () => void;
}

/** The method in the log of operations over WebSocket. */
export const SOCKET_METHOD = 'WS';

/** What an operation is executed with. */
export function argsOf({ document, params }: CheckedOperation): ExecutionArgs {
  const { variables, operationName } = params;
  return { schema, document, variableValues: variables, operationName };
}

/** The status with which a request over HTTP would be refused with these errors, for the log. */
export function statusOf([error]: readonly GraphQLError[]): number {
  const http = error?.extensions.http as { readonly status?: number } | undefined;
  return http?.status ?? 400;
}
