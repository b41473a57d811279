import { type Limits, withDefaultLimits } from '../model/limits.ts';
import type { TokenIssuer } from '../model/token-issuer.ts';
import type { Logger } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { type Authenticate, type Authentication, NEVER } from './auth/authenticate.ts';
import { Callers } from './callers/callers.ts';
import type { QuotaOf } from './callers/quota.ts';
import type { MetricsPage } from './metrics/metrics-page.ts';
import type { ServerLogger } from './request-log.ts';

/** The options of `createRequestListener` and `createSessiontreeYoga`. All but `repository` have a default. */
export interface SessiontreeYogaOptions {
  /** The opened store. Its opener closes it. */
  readonly repository: SessionRepository;
  /** The limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** Gets one line per request, at level info, and every internal error. Default: warnings and errors go to the console. */
  readonly logger?: Logger;
  /** Host names that the server answers for, in addition to the loopback names; without a port. Default: none. */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may call the server: `https://app.example`, `https://*.app.example`; see `parseOrigin`. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Says who sends a request, or refuses the request. Default: null: nobody is asked, and everybody may do everything.
   *
   * @example
   * authenticate: ({ header }) => {
   *   const user = userOfSession(header('cookie'));
   *   return user ? callerOf(user) : unauthenticated('Expected a session, got none. Log in.');
   * };
   */
  readonly authenticate?: Authenticate | null;
  /**
   * True once a caller who was let in may stay no longer, apart from its `expiresAt`. Asked about once a second for each open subscription
   * and WebSocket. Default: never.
   */
  readonly isRevoked?: Authentication['isRevoked'];
  /**
   * The quota of a user, in place of the limits that begin with "caller"; null for a user without one. Asked with each request. Default: no user
   * has one.
   */
  readonly quotaOf?: QuotaOf | null;
  /** Makes the tokens that `spawnSession` answers with; `authenticate` must accept them. Default: null: it makes none. */
  readonly tokens?: TokenIssuer | null;
}

/** The options, with defaults for those that are undefined. */
export interface ServerSettings extends Required<Omit<SessiontreeYogaOptions, 'quotaOf'>> {
  readonly limits: Limits;
  readonly logger: ServerLogger;
  /** To be served at /metrics. */
  readonly metrics?: MetricsPage | undefined;
  /** The path under which a proxy has the server, without a slash at its end. Default: none. */
  readonly basePath?: string | undefined;
  /** Peers whose X-Forwarded headers are believed; see `isPeer`. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Bounds what each caller may use; null if nobody is asked for a name. */
  readonly callers: Callers | null;
}

/** Warnings and errors only: an answer does not say what an internal error was, and a line per request would be noise. */
const WARNINGS_TO_CONSOLE: Logger = {
  debug() {},
  info() {},
  // biome-ignore lint/suspicious/noConsole: the default of a library, whose user has chosen no logger.
  warn: (fields, message) => console.warn(message, fields),
  // biome-ignore lint/suspicious/noConsole: the same.
  error: (fields, message) => console.error(message, fields),
};

/** An undefined option takes its default. Throws a TypeError for a limit that is not an integer of 0 or more. */
export function withDefaults({
  repository,
  limits,
  logger = WARNINGS_TO_CONSOLE,
  allowedHosts = [],
  allowedOrigins = [],
  authenticate = null,
  isRevoked = NEVER,
  quotaOf = null,
  tokens = null,
}: SessiontreeYogaOptions): ServerSettings {
  const allLimits = withDefaultLimits(limits);
  return {
    repository,
    limits: allLimits,
    callers: authenticate && new Callers(allLimits, quotaOf),
    logger,
    allowedHosts,
    allowedOrigins,
    authenticate,
    isRevoked,
    tokens,
  };
}
