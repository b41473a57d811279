import type { OperationDefinitionNode } from 'graphql';
import type { Logger } from '../repository/observer.ts';
import type { RequestFacts } from './request-facts.ts';
import { shortened } from './shortened.ts';

/** UTF-16 units of a path, or of an operation's name, that are logged. */
const MAX_NAME_CHARACTERS = 128;
/** How many fields stand for an operation without a name. */
const MAX_FIELDS = 3;

/** The status in the log for a request whose client has gone, as in other servers' logs. */
export const CLIENT_CLOSED_REQUEST = 499;

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of a subscription that has ended: how many events its client got. */
  readonly events?: number | undefined;
}

/** Logs a request that was answered, or whose client has gone. */
export function logRequest(
  logger: Logger,
  facts: RequestFacts,
  { method, path, status, events }: LoggedRequest,
): void {
  const { operation } = facts;
  logger.info(
    {
      requestId: facts.id,
      method,
      path: shortened(path, MAX_NAME_CHARACTERS),
      operation: operation?.operation,
      operationName: operation?.name && shortened(operation.name.value, MAX_NAME_CHARACTERS),
      fields: operation && !operation.name ? rootFields(operation).slice(0, MAX_FIELDS) : undefined,
      status: facts.hasLeft && facts.context ? CLIENT_CLOSED_REQUEST : status,
      milliseconds: Math.round((performance.now() - facts.startedAt) * 100) / 100,
      errors: facts.errorCodes,
      messages: facts.messages,
      refused: refusedMutations(facts),
      events,
    },
    'request',
  );
}

/** `createSession SessionExistsError` for each mutation that answered with a typed error. */
function refusedMutations({ operation, context }: RequestFacts): string[] | undefined {
  const refusals = context?.refusals;
  if (!operation || !refusals?.some((type) => type !== null)) return undefined;
  const names = rootFields(operation);
  return refusals.flatMap((type, place) => {
    if (type === null) return [];
    return names[place] ? `${names[place]} ${type}` : type;
  });
}

/** The root fields in the order of their execution; empty if fragments or directives decide on that order. */
function rootFields({ selectionSet: { selections } }: OperationDefinitionNode): string[] {
  const names = new Map<string, string>();
  for (const selection of selections) {
    if (selection.kind !== 'Field' || (selection.directives?.length ?? 0) > 0) return [];
    const { alias, name } = selection;
    if (name.value !== '__typename') names.set(alias?.value ?? name.value, name.value);
  }
  return [...names.values()];
}
