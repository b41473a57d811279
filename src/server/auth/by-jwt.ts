import { hash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Caller, SCOPES, type Scope } from '../../model/caller.ts';
import { isSessionId } from '../../model/id.ts';
import type { Logger } from '../../repository/observer.ts';
import type { MaybePromise } from '../../schema/maybe-promise.ts';
import type { Refusal } from '../refusal.ts';
import type { JwtConfig } from './auth-config.ts';
import { isRefusal } from './authenticate.ts';
import type { CallerOfToken } from './by-token.ts';
import { keysAt, keysOfFile } from './key-set.ts';
import { CHECKED_AGAIN, createOutageLog } from './outage-log.ts';
import { CANNOT_AUTHENTICATE, invalidToken } from './refusals.ts';
import { EXPECTED_USER_ID, isUserId } from './tokens.ts';

/** Seconds by which the clocks of the issuer and of the server may differ. */
const CLOCK_SECONDS = 5;

/** Of public keys. None of a shared secret: whoever knows a public key could sign with it as the secret. */
const PUBLIC_KEY_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** How many tokens are remembered that were right, and for how many milliseconds: so long is one accepted after its key was withdrawn. */
const REMEMBERED_MAX = 10_000;
const REMEMBERED_MS = 60_000;

/**
 * Authenticates by JSON Web Tokens. Throws if the file of the keys cannot be used. To check a signature takes longer than a small query:
 * a token that was right is right until it expires, for a minute at most.
 */
export function byJwt(config: JwtConfig, logger: Logger): CallerOfToken<MaybePromise<Caller | Refusal>> {
  const check = checkOf(config, logger);
  const remembered = new LRUCache<string, CallerOfJwt>({
    max: REMEMBERED_MAX,
    ttl: REMEMBERED_MS,
  });
  return (token) => {
    // Not the token itself: nothing in memory lets its reader in.
    const key = hash('sha256', token, 'base64');
    const known = remembered.get(key);
    if (known && known.expiresAt.getTime() > Date.now()) return known;
    return check(token).then((said) => {
      if (!isRefusal(said)) remembered.set(key, said);
      return said;
    });
  };
}

type CallerOfJwt = Caller & { readonly expiresAt: Date };

function checkOf(config: JwtConfig, logger: Logger): (token: string) => Promise<CallerOfJwt | Refusal> {
  const { keys } = config;
  const options: JWTVerifyOptions = {
    issuer: config.issuer,
    audience: config.audience,
    algorithms: 'secret' in keys ? ['HS256'] : PUBLIC_KEY_ALGORITHMS,
    clockTolerance: CLOCK_SECONDS,
    // A token that does not expire could never be taken back.
    requiredClaims: ['exp'],
  };
  const keyOf = keysOf(keys);
  const outage = createOutageLog(logger, 'tokens cannot be checked: requests are refused', CHECKED_AGAIN);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keyOf, options);
      outage.over();
      return callerIn(payload, config);
    } catch (error) {
      if (isFaultOfToken(error)) return invalidToken(faultOf(error));
      outage.report(error);
      return CANNOT_AUTHENTICATE;
    }
  };
}

function keysOf(keys: JwtConfig['keys']): JWTVerifyGetKey {
  if ('secret' in keys) return async () => keys.secret;
  return 'jwks' in keys ? keysAt(keys.jwks) : keysOfFile(keys.jwksFile);
}

/** Anything else is the fault of the keys, of the network, or of the server. */
function isFaultOfToken(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSInvalid) &&
    !(error instanceof errors.JWKInvalid) &&
    !(error instanceof errors.JWKSTimeout)
  );
}

/** Says nothing of what is in the token: the log has the message. */
function faultOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'one that has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `one whose claim "${error.claim}" is not the expected one`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'one that is signed by an algorithm which is not accepted';
  if (error instanceof errors.JWKSNoMatchingKey) return 'one that is signed by an unknown key';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'one that does not name its key ("kid")';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'one with a wrong signature';
  return 'something else';
}

/** The latest time of a Date. */
const TIME_MAX = 8.64e15;

function callerIn(
  payload: JWTPayload,
  { userClaim, scopeClaim, subtreeClaim }: JwtConfig,
): CallerOfJwt | Refusal {
  const userId = payload[userClaim];
  if (typeof userId !== 'string' || !isUserId(userId))
    return invalidToken(`one whose claim "${userClaim}" is not ${EXPECTED_USER_ID}`);
  const subtreeId = payload[subtreeClaim] ?? null;
  if (subtreeId !== null && !isSessionId(subtreeId))
    return invalidToken(`one whose claim "${subtreeClaim}" is not the id of a session`);
  const scope = scopeIn(payload[scopeClaim]);
  if (scope === null) return noScope(scopeClaim);
  const expiresAt = new Date(Math.min((payload.exp! + CLOCK_SECONDS) * 1_000, TIME_MAX));
  return { userId, scope, subtreeId, tokenId: null, expiresAt };
}

/** The widest scope that a claim gives; null if it gives none. A token without the claim may write. */
function scopeIn(claim: unknown): Scope | null {
  if (claim === undefined) return 'write';
  const given = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return SCOPES.findLast((scope) => given.includes(scope) || given.includes(`sessiontree:${scope}`)) ?? null;
}

function noScope(claim: string): Refusal {
  return {
    status: 403,
    code: 'FORBIDDEN',
    message:
      `Expected a token with one of ${SCOPES.map((scope) => `sessiontree:${scope}`).join(', ')} in its claim "${claim}", got one without. ` +
      'Ask the issuer for one.',
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  };
}
