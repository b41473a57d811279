import type { Limits } from '../../model/limits.ts';
import type { OriginCheck } from '../allowed-origins.ts';
import type { Router } from '../routes.ts';
import type { ServerSettings } from '../settings.ts';
import { acceptedEncoding } from './accepted-encoding.ts';
import { acceptedStream } from './accepted-stream.ts';
import { acceptedType } from './accepted-type.ts';
import { aliasLimit } from './alias-limit.ts';
import { allowedOrigin } from './allowed-origin.ts';
import { authentication } from './authentication.ts';
import { callerMutations, callerRequests } from './caller-rates.ts';
import { bodySize, jsonContent, servedMethod, uncompressedContent } from './content.ts';
import { depthLimit } from './depth-limit.ts';
import { documentLength } from './document-length.ts';
import { knownRoute } from './known-route.ts';
import { matchingHash } from './matching-hash.ts';
import { mutationLimit } from './mutation-limit.ts';
import { ownHost } from './own-host.ts';
import { parsingLimit } from './parsing-limit.ts';
import type { Policy } from './policy.ts';
import { readOnlyGet } from './read-only-get.ts';
import { wellFormedParams } from './well-formed-params.ts';

export interface PolicyOptions extends Pick<ServerSettings, 'allowedHosts' | 'authenticate' | 'callers'> {
  readonly limits: Pick<
    Limits,
    'bodyBytes' | 'documentLength' | 'tokens' | 'depth' | 'aliases' | 'mutations'
  >;
  /** Null if no origin is allowed. */
  readonly isAllowedOrigin: OriginCheck | null;
  readonly routeOf: Router;
  /** Before the paths that a refusal names. */
  readonly basePath?: string;
}

/**
 * All policies, in the order in which a request meets them: the client gets the first refusal. Every way into the server runs this list
 * through `createChecks`. The execution of an operation checks its variables and arguments.
 */
export function createPolicies({
  limits,
  allowedHosts,
  authenticate,
  callers,
  isAllowedOrigin,
  routeOf,
  basePath,
}: PolicyOptions): readonly Policy[] {
  return [
    // The head. First of all: to this client no answer could be sent. After a mutation it would be too late to find out.
    acceptedEncoding,
    // DNS rebinding. Before any content: GraphiQL, too, is served under the server's own names only.
    ownHost(allowedHosts),
    // Before the origin: a path without anything is a 404 for everyone.
    knownRoute(routeOf, basePath),
    // CSRF: requests that a browser sends for a page of another site.
    allowedOrigin(routeOf, isAllowedOrigin),
    // Before anything is said of the request itself, and before any of its body is read. Not before the origin: a page of another site must
    // not try tokens.
    ...(authenticate ? [authentication(routeOf, authenticate)] : []),
    // Once it is known whose request it is, and before any more work is done for it.
    ...(callers ? [callerRequests(routeOf, callers)] : []),
    // Before anything is executed: a mutation must not run if the client accepts no answer of ours.
    acceptedType(routeOf),

    // The content.
    servedMethod,
    // CSRF again: a page can send JSON to another site only after a preflight.
    jsonContent,
    // Before the size: that of a compressed body says nothing.
    uncompressedContent,
    // Memory: the whole body is buffered.
    bodySize(limits.bodyBytes),

    // The parameters.
    wellFormedParams,
    // Before the text is hashed, and long before it is parsed.
    documentLength(limits.documentLength),
    // A client must not store its text under the hash of another document.
    matchingHash,

    // The document. Before parsing, which takes time and stack.
    parsingLimit(limits.tokens),
    // Links, images and prefetches are GETs. Before validation: a mutation by GET is wrong however it is written.
    readOnlyGet,
    // Before anything is subscribed: whoever cannot get the stream must leave no subscriber behind.
    acceptedStream,
    // Time of execution that the budget of a request does not bound.
    depthLimit(limits.depth),
    aliasLimit(limits.aliases),
    // What they may write together is bounded while they run.
    mutationLimit(limits.mutations),

    // The execution. After all else: what is refused for another reason does not count.
    ...(callers ? [callerMutations(callers)] : []),
  ];
}
