import { ANYONE } from '../../model/caller.ts';
import type { MutationOutcome } from '../../schema/mutation-outcome.ts';
import { SOCKET_METHOD } from '../live/socket-request.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { LoggedRequest, RequestObserver } from '../request-log.ts';

/**
 * A line of the audit: who did what to which session, and what came of it. No contents, and no token. Members that do not apply are left
 * out.
 */
export type AuditLine = Readonly<Record<string, unknown>> & { readonly event: 'mutation' | 'refusal' };

/** Statuses of refusals for which it matters who sent the request. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 429]);

/** The same for codes: an operation over WebSocket has no status of its own. The last ones are limits that one caller can use up for others. */
const REFUSED_CODES: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'RATE_LIMITED',
  'BUDGET_EXCEEDED',
  'OVERLOADED',
]);

/** Gives `write` a line for each mutation of a request, in their order, and one if the request itself was refused. */
export function createAudit(write: (line: AuditLine) => void): RequestObserver {
  return (facts, request) => {
    const outcomes = facts.context?.outcomes ?? [];
    const codes = facts.errorCodes ?? [];
    const isRefused = REFUSED.has(request.status) || codes.some((code) => REFUSED_CODES.has(code));
    // Most requests are queries.
    if (outcomes.length === 0 && !isRefused) return;
    const who = whoSent(facts, request);
    for (const outcome of outcomes) write(mutationLine(who, outcome));
    if (!isRefused) return;
    const operation = facts.operation?.operation;
    const time = new Date().toISOString();
    write({ time, event: 'refusal', ...who, operation, status: request.status, result: codes.join(' ') });
  };
}

type Who = Readonly<Record<string, unknown>>;

function whoSent({ id, client, caller }: RequestFacts, { method }: LoggedRequest): Who {
  return {
    requestId: id,
    way: method === SOCKET_METHOD ? 'websocket' : 'http',
    client,
    userId: caller.userId,
    tokenId: caller.tokenId,
    // Who is not asked for a name, or has given none, has no scope that somebody gave.
    scope: caller === ANYONE ? null : caller.scope,
    subtreeId: caller.subtreeId ?? undefined,
  };
}

function mutationLine(who: Who, outcome: MutationOutcome): AuditLine {
  const { mutation, at, sessionId, parentId, createdId, isDryRun, result } = outcome;
  return {
    time: new Date(at).toISOString(),
    event: 'mutation',
    ...who,
    mutation,
    sessionId: sessionId ?? undefined,
    parentId: parentId ?? undefined,
    createdId: createdId ?? undefined,
    isDryRun: isDryRun || undefined,
    result,
  };
}
