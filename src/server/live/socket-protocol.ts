import type { GraphQLError } from 'graphql';
import { makeServer, type Server } from 'graphql-ws';
import type { GraphQLParams } from 'graphql-yoga';
import { createContext } from '../../schema/context.ts';
import { OVERLOADED } from '../admission/overloaded.ts';
import { type Authenticate, hasEnded, isRefusal } from '../auth/authenticate.ts';
import { bearerIn, withBearer } from '../auth/bearer.ts';
import { INVALID_TOKEN } from '../auth/refusals.ts';
import type { CheckOperation } from '../check-operation.ts';
import { bugOf, maskResult } from '../mask-result.ts';
import { GRAPHQL_PATH } from '../paths.ts';
import type { Checks } from '../policies/checks.ts';
import { type Refusal, refusalError } from '../refusal.ts';
import { createFacts, type RequestFacts, traced } from '../request-facts.ts';
import { logRequest } from '../request-log.ts';
import type { ServerSettings } from '../settings.ts';
import type { TraceCarrier } from '../tracing/request-trace.ts';
import type { Live } from './live.ts';
import { TOO_MANY_SUBSCRIPTIONS } from './refusals.ts';
import type { SocketConnection } from './socket-connection.ts';
import { SocketOperation, shownErrors } from './socket-operation.ts';
import { argsOf, SOCKET_METHOD, type SocketRequest, statusOf } from './socket-request.ts';
import type { ExecuteOverSocket } from './socket-requests.ts';

export interface SocketProtocolOptions {
  readonly live: Live;
  readonly settings: ServerSettings;
  readonly checks: Pick<Checks, 'message'>;
  readonly checkOperation: CheckOperation;
  /** Executes a query or a mutation. */
  readonly execute: ExecuteOverSocket;
}

/** Creates the protocol `graphql-transport-ws` of graphql-ws over the policies, the limits and the subscriptions of the server. */
export function createSocketProtocol({
  live,
  settings,
  checks,
  checkOperation,
  execute,
}: SocketProtocolOptions): Server<SocketConnection> {
  const { repository, limits, logger, authenticate, isRevoked, callers } = settings;

  /** The errors of an operation that is refused, as graphql-ws sends them. Logs the operation. */
  function refused(errors: readonly GraphQLError[], facts: RequestFacts): readonly GraphQLError[] {
    const { errors: masked } = maskResult({ errors }, facts, logger);
    logRequest(logger, facts, { method: SOCKET_METHOD, path: GRAPHQL_PATH, status: statusOf(masked) });
    return masked;
  }

  /** What may begin, or the errors for which it may not. */
  async function admit(
    params: GraphQLParams,
    request: Omit<SocketRequest, 'checked' | 'admitted'>,
  ): Promise<SocketRequest | { readonly errors: readonly GraphQLError[] }> {
    const { connection, facts } = request;
    const refusal = await checks.message(connection.head, facts);
    if (refusal) return { errors: [refusalError(refusal)] };
    const checked = checkOperation(params, connection.head);
    if ('errors' in checked) return checked;
    facts.operation = checked.operation;
    if (checked.operation.operation !== 'subscription') return { ...request, checked, admitted: null };
    if (live.isFull) return { errors: [refusalError(TOO_MANY_SUBSCRIPTIONS)] };
    const contextValue = createContext({
      repository: traced(repository, facts),
      caller: facts.caller,
      limits,
    });
    const admitted = await live.admit({ ...argsOf(checked), contextValue });
    return 'errors' in admitted ? admitted : { ...request, checked, admitted };
  }

  function subscribe({ connection, id, facts, admitted, underWay, forget }: SocketRequest): SocketOperation {
    underWay.read();
    let status = 200;
    const operation = new SocketOperation(connection, id, ({ events }) => {
      if (!isRefusal(opened)) opened.end();
      underWay.end();
      logRequest(logger, facts, { method: SOCKET_METHOD, path: GRAPHQL_PATH, status, events });
    });
    const opened = live.open(admitted!, operation);
    if (isRefusal(opened)) {
      ({ status } = opened);
      facts.errorCodes = [opened.code];
      operation.fail(shownErrors([refusalError(opened)]), forget);
    } else logger.requestOpened?.(facts, { method: SOCKET_METHOD, path: GRAPHQL_PATH, status });
    return operation;
  }

  /** Sets the caller of a connection, unless the request that opened it has said who that is. */
  async function refusalOfClient(
    connection: SocketConnection,
    authenticate: Authenticate,
    token: string | null,
  ): Promise<Refusal | undefined> {
    const { head } = connection;
    if (connection.caller !== null && token === null) return undefined;
    const said = await authenticate(token === null ? head : withBearer(head, token));
    if (isRefusal(said)) return said;
    const isCounted = connection.caller !== null;
    connection.caller = said;
    return isCounted ? undefined : callers?.spendRequest(said);
  }

  function connected(connection: SocketConnection): Refusal | undefined {
    const release = callers?.connect(connection.caller!);
    if (!release || isRefusal(release)) return release;
    connection.onceClosed(release);
    return undefined;
  }

  /** False if the client may not use its connection, which is closed then. */
  async function admitClient(
    connection: SocketConnection,
    payload: Record<string, unknown> | undefined,
  ): Promise<boolean> {
    if (!authenticate) return true;
    const token = tokenIn(payload);
    try {
      const refusal = (await refusalOfClient(connection, authenticate, token)) ?? connected(connection);
      if (!refusal) return true;
      connection.refuse(refusal, token !== null);
    } catch (error) {
      maskResult({ errors: [bugOf(error)] }, createFacts(null), logger);
      connection.close(INTERNAL_ERROR, 'Internal server error');
    }
    return false;
  }

  return makeServer<Record<string, unknown>, SocketConnection>({
    connectionInitWaitTimeout: limits.socketInitMs,
    onConnect: ({ extra, connectionParams }) => admitClient(extra, connectionParams),
    async onSubscribe(context, id, payload) {
      const connection = context.extra;
      const facts = createFacts(null, undefined, connection.head.client);
      if (logger.beginTrace) {
        // A browser sets no header. Other members of the extensions are checked with the operation.
        const carrier = (payload.extensions as TraceCarrier | null | undefined) ?? {};
        const { startedAt } = facts;
        facts.trace = logger.beginTrace({ carrier, startedAt, connection: connection.facts.trace });
      }
      if (connection.caller === null || hasEnded(connection.caller, isRevoked)) {
        connection.expel();
        return refused([refusalError(INVALID_TOKEN)], facts);
      }
      facts.caller = connection.caller;
      if (connection.operations >= limits.socketOperations)
        return refused([refusalError(tooManyOperations(limits.socketOperations))], facts);
      const underWay = connection.begin();
      const forget = () => {
        delete context.subscriptions[id];
      };
      try {
        const request = await admit(payload as GraphQLParams, { connection, id, facts, underWay, forget });
        if (!('errors' in request)) return { ...argsOf(request.checked), contextValue: request };
        underWay.end();
        return refused(request.errors, facts);
      } catch (error) {
        underWay.end();
        return refused([bugOf(error)], facts);
      }
    },
    subscribe: ({ contextValue }) => subscribe(contextValue as SocketRequest),
    execute: ({ contextValue }) => execute(contextValue as SocketRequest),
    onError: (_context, _id, _payload, errors) => shownErrors(errors) as never,
  });
}

/** RFC 6455, section 7.4.1. */
const INTERNAL_ERROR = 1011;

/** The token in the payload of ConnectionInit: as clients send it in a header, or by itself. */
function tokenIn(payload: Record<string, unknown> | undefined): string | null {
  const { Authorization, authorization = Authorization, token } = payload ?? {};
  if (typeof authorization === 'string') return bearerIn(authorization) ?? authorization;
  return typeof token === 'string' ? token : null;
}

function tooManyOperations(most: number): Refusal {
  return {
    ...OVERLOADED,
    message:
      `Expected at most ${most} operations at once on one WebSocket (the limit socketOperations), got more. Complete one before, or open ` +
      'another WebSocket.',
  };
}
