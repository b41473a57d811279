import { NEVER } from '../../src/server/auth/authenticate.ts';

/** The settings of a server that asks nobody for a name. */
export const ASKS_NOBODY = { authenticate: null, isRevoked: NEVER, callers: null, tokens: null } as const;
