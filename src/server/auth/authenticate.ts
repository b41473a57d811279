import { ANYONE, type Caller } from '../../model/caller.ts';
import type { TokenIssuer } from '../../model/token-issuer.ts';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Refusal } from '../refusal.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { RequestHead } from '../request-head.ts';

/**
 * Says who sends a request, or why the request is refused (401, see `unauthenticated`). Called for each request for an operation, before
 * any of its body is read. For a WebSocket it is called with the request that opens the connection, if that has an Authorization header;
 * and with the same request and the token of the message ConnectionInit in that header, if the message has one. A throw is a bug, which
 * the client sees as a 500.
 */
export type Authenticate = (head: RequestHead) => MaybePromise<Caller | Refusal>;

/** How requests are authenticated. */
export interface Authentication {
  /** Null if nobody is asked. */
  readonly authenticate: Authenticate | null;
  /**
   * True once a caller who was let in may stay no longer, apart from `expiresAt`. Asked once a second for each open subscription and
   * WebSocket.
   */
  readonly isRevoked: (caller: Caller) => boolean;
  /** Makes tokens that `authenticate` accepts; null if it asks nobody. */
  readonly tokens: TokenIssuer | null;
}

/** Of servers that ask nobody for a name, or whose callers stay as long as their `expiresAt` says. */
export const NEVER: Authentication['isRevoked'] = () => false;

/** Sets the caller of `facts`; the refusal, if the request is refused. */
export function authenticated(
  authenticate: Authenticate,
  head: RequestHead,
  facts: Pick<RequestFacts, 'caller'>,
): MaybePromise<Refusal | undefined> {
  const settle = (said: Caller | Refusal): Refusal | undefined => {
    if (isRefusal(said)) return said;
    facts.caller = said;
    return undefined;
  };
  const said = authenticate(head);
  return said instanceof Promise ? said.then(settle) : settle(said);
}

export function isRefusal(said: object): said is Refusal {
  return 'status' in said;
}

/** True for a caller whose right has ended. */
export function hasEnded(caller: Caller, isRevoked: Authentication['isRevoked']): boolean {
  const { expiresAt } = caller;
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) return true;
  return caller !== ANYONE && isRevoked(caller);
}
