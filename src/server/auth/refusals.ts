import type { Refusal } from '../refusal.ts';

/** The refusal of a request without a token that is valid. RFC 6750, section 3. */
export function unauthenticated(message: string, error?: 'invalid_token'): Refusal {
  return {
    status: 401,
    code: 'UNAUTHENTICATED',
    message,
    headers: { 'www-authenticate': error ? `Bearer error="${error}"` : 'Bearer' },
  };
}

export const NO_TOKEN = unauthenticated(
  'Expected a token, got none. Send it as "Authorization: Bearer <token>"; over WebSocket, also as "Authorization" or "token" of the ' +
    'payload of ConnectionInit.',
);

export function invalidToken(what: string): Refusal {
  return unauthenticated(`Expected a valid token, got ${what}.`, 'invalid_token');
}

export const INVALID_TOKEN = invalidToken('one that is unknown, expired or revoked');

const RETRY_SECONDS = 5;

/** The refusal of a request while it cannot be known whether its token is valid. */
export const CANNOT_AUTHENTICATE: Refusal = {
  status: 503,
  code: 'AUTHENTICATION_UNAVAILABLE',
  message: 'Tokens cannot be checked now. Send the request again later; the log of the server says why.',
  headers: { 'retry-after': String(RETRY_SECONDS) },
};
