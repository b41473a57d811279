import type { OperationDefinitionNode } from 'graphql';
import type { Logger } from '../repository/observer.ts';
import { isLoopbackAddress } from './loopback.ts';
import type { RequestFacts, TraceBeginner } from './request-facts.ts';
import { shortened } from './shortened.ts';

/** UTF-16 units of a path, or of an operation's name, that are logged. */
const MAX_NAME_CHARACTERS = 128;
/** How many fields stand for an operation without a name. */
const MAX_FIELDS = 3;

/** The status in the log for a request whose client has gone, as in other servers' logs. */
export const CLIENT_CLOSED_REQUEST = 499;

/** Is told of each request, once it was answered, or its client has gone; of a subscription or a WebSocket once it has ended. */
export type RequestObserver = (facts: RequestFacts, request: LoggedRequest) => void;

/** A logger of a server. Those who watch the requests, beside the log, are told where it is. */
export interface ServerLogger extends Logger, TraceBeginner {
  readonly requestEnded?: RequestObserver;
  /** Is told of a subscription or a WebSocket once it is open: its end can be days later. */
  readonly requestOpened?: RequestObserver;
}

/** What traces need to hear of requests. */
export type TraceHooks = Required<Pick<ServerLogger, 'beginTrace' | 'requestOpened' | 'requestEnded'>>;

/** `logger`, by way of which all of `observers`, and `tracing`, are told of requests. */
export function observedLogger(
  logger: Logger,
  observers: readonly RequestObserver[],
  tracing: TraceHooks | null = null,
): ServerLogger {
  const all = tracing ? [...observers, tracing.requestEnded] : observers;
  if (all.length === 0) return logger;
  const requestEnded: RequestObserver = (facts, request) => {
    for (const observer of all) observer(facts, request);
  };
  // With `logger` as its prototype: loggers know their level and where they write by `this`.
  const observed = Object.assign(Object.create(logger) as Logger, { requestEnded });
  if (!tracing) return observed;
  const { beginTrace, requestOpened } = tracing;
  return Object.assign(observed, { beginTrace, requestOpened });
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of a subscription that has ended: how many events its client got. */
  readonly events?: number | undefined;
}

/** Logs a request that was answered, or whose client has gone, and tells those who watch. */
export function logRequest(logger: ServerLogger, facts: RequestFacts, request: LoggedRequest): void {
  const { method, path, events } = request;
  const { operation } = facts;
  const status = facts.hasLeft && facts.context ? CLIENT_CLOSED_REQUEST : request.status;
  logger.info(
    {
      requestId: facts.id,
      traceId: facts.trace?.traceId,
      client: facts.client === undefined || isLoopbackAddress(facts.client) ? undefined : facts.client,
      method,
      path: shownPath(path),
      operation: operation?.operation,
      operationName: operation?.name && shortened(operation.name.value, MAX_NAME_CHARACTERS),
      fields: operation && !operation.name ? rootFields(operation).slice(0, MAX_FIELDS) : undefined,
      status,
      milliseconds: Math.round((performance.now() - facts.startedAt) * 100) / 100,
      errors: facts.errorCodes,
      messages: facts.messages,
      refused: refusedMutations(facts),
      events,
    },
    'request',
  );
  logger.requestEnded?.(facts, { ...request, status });
}

/** A path as it is logged. */
export function shownPath(path: string): string {
  return shortened(path, MAX_NAME_CHARACTERS);
}

/** `createSession SessionExistsError` for each mutation that answered with a typed error; undefined if none did. */
export function refusedMutations({ context }: RequestFacts): string[] | undefined {
  const refused = context?.outcomes.filter(({ isRefused }) => isRefused) ?? [];
  if (refused.length === 0) return undefined;
  return refused.map(({ mutation, result }) => `${mutation} ${result}`);
}

/** The root fields in the order of their execution; empty if fragments or directives decide on that order. */
export function rootFields({ selectionSet: { selections } }: OperationDefinitionNode): string[] {
  const names = new Map<string, string>();
  for (const selection of selections) {
    if (selection.kind !== 'Field' || (selection.directives?.length ?? 0) > 0) return [];
    const { alias, name } = selection;
    if (name.value !== '__typename') names.set(alias?.value ?? name.value, name.value);
  }
  return [...names.values()];
}
