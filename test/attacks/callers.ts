import { tokensOf } from '../../src/server/auth/tokens.ts';

/**
 * Who sends the attacks. `anyone`: the server asks nobody for a token. Otherwise it does, and the good client is another user than the
 * attacker, who is a `user`, too, or a `stranger` without a token.
 */
export const FORMS = ['anyone', 'user', 'stranger'] as const;
export type Form = (typeof FORMS)[number];

export const ATTACKER = 'mallory';
export const GOOD_USER = 'ada';

/** The tokens of those who use a server with `--auth token`. */
export interface Callers {
  /** Null for a stranger. */
  readonly attacker: string | null;
  readonly good: string;
}

/** Null if the server asks nobody. */
export async function makeCallers(directory: string, form: Form): Promise<Callers | null> {
  if (form === 'anyone') return null;
  const tokens = tokensOf(directory);
  const { token: good } = await tokens.mint({ userId: GOOD_USER, scope: 'write' });
  if (form === 'stranger') return { attacker: null, good };
  return { attacker: (await tokens.mint({ userId: ATTACKER, scope: 'write' })).token, good };
}

/** What a stranger may get: a refusal before the operation, whatever it is. */
export const REFUSALS = [
  '401 UNAUTHENTICATED',
  '400 ',
  '403 ',
  '404 ',
  '405 ',
  '406 ',
  '408 ',
  '413 ',
  '415 ',
  '431 ',
  '503 ',
];

export function isRefusal(summary: string): boolean {
  return summary === 'closed' || REFUSALS.some((refusal) => summary.startsWith(refusal));
}
