import type { Caller } from '../../model/caller.ts';
import type { Logger } from '../../repository/observer.ts';
import type { Refusal } from '../refusal.ts';
import type { Authenticate } from './authenticate.ts';
import { bearerIn } from './bearer.ts';
import { CHECKED_AGAIN, createOutageLog } from './outage-log.ts';
import { CANNOT_AUTHENTICATE, INVALID_TOKEN, NO_TOKEN } from './refusals.ts';
import type { Tokens } from './tokens.ts';

/** Says who sends a bearer token. */
export type CallerOfToken<Said> = (token: string) => Said;

/** Authenticates requests by their bearer token. */
export function byBearer(callerOf: CallerOfToken<ReturnType<Authenticate>>): Authenticate {
  return ({ header }) => {
    const authorization = header('authorization');
    if (authorization == null || authorization === '') return NO_TOKEN;
    const token = bearerIn(authorization);
    return token === null ? INVALID_TOKEN : callerOf(token);
  };
}

/** Authenticates by the tokens that the server itself keeps: at once, without a promise. */
export function byToken(tokens: Tokens, logger: Logger): CallerOfToken<Caller | Refusal> {
  const outage = createOutageLog(logger, 'the tokens cannot be read: requests are refused', CHECKED_AGAIN);
  return (token) => {
    try {
      const record = tokens.find(token);
      outage.over();
      if (record === null) return INVALID_TOKEN;
      const { id: tokenId, userId, scope, subtreeId, expiresAt } = record;
      return { userId, scope, subtreeId, tokenId, expiresAt };
    } catch (err) {
      outage.report(err);
      return CANNOT_AUTHENTICATE;
    }
  };
}
