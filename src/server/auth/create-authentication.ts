import type { Caller } from '../../model/caller.ts';
import type { Logger } from '../../repository/observer.ts';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Refusal } from '../refusal.ts';
import type { AuthConfig } from './auth-config.ts';
import { type Authentication, NEVER } from './authenticate.ts';
import { byBearer, byToken, type CallerOfToken } from './by-token.ts';
import { isOwnToken } from './token.ts';
import type { Tokens } from './tokens.ts';

/**
 * How a server with this configuration authenticates; `authenticate` is null if it asks nobody for a name. Beside JSON Web Tokens, it accepts those of
 * `tokens`: the server makes tokens for subtrees itself, and an issuer of others does not know of trees.
 */
export async function createAuthentication(
  config: AuthConfig,
  tokens: Tokens,
  logger: Logger,
): Promise<Authentication> {
  if (config.kind === 'none') return { authenticate: null, isRevoked: NEVER, tokens: null };
  const own = byToken(tokens, logger);
  const isRevoked: Authentication['isRevoked'] = (caller) => tokens.isRevoked(caller);
  if (config.kind === 'token') return { authenticate: byBearer(own), isRevoked, tokens };
  // Loaded only here: other servers do not pay for it.
  const { byJwt } = await import('./by-jwt.ts');
  const foreign = byJwt(config.jwt, logger);
  const either: CallerOfToken<MaybePromise<Caller | Refusal>> = (token) =>
    isOwnToken(token) ? own(token) : foreign(token);
  return { authenticate: byBearer(either), isRevoked, tokens };
}
