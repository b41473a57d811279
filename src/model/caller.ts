/** What a caller may do, the least first: each includes those before it. */
export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who sent a request, and what that gives a right to. */
export interface Caller {
  /** The owner of the trees that the caller sees: the user of their roots. Null for a caller who is not asked for a name. */
  readonly userId: string | null;
  /** `read`: own trees. `write`: changes them, too. `admin`: sees and changes the trees of all users. */
  readonly scope: Scope;
  /** Sees only this session and all beneath it, whatever the scope; null for no such bound. */
  readonly subtreeId: string | null;
  /** Names the token in records of what was done; never the token itself. Null for a caller without a token of the server. */
  readonly tokenId: string | null;
  /** When the right ends; null if it does not end by itself. */
  readonly expiresAt: Date | null;
}

/** The caller of a server that asks nobody for a name: one person on one machine, who may do everything. */
export const ANYONE: Caller = Object.freeze({
  userId: null,
  scope: 'admin',
  subtreeId: null,
  tokenId: null,
  expiresAt: null,
});

/** True if the scope of the caller includes `scope`. */
export function mayUse(caller: Caller, scope: Scope): boolean {
  return SCOPES.indexOf(caller.scope) >= SCOPES.indexOf(scope);
}

/**
 * Callers with the same account share what one caller may use: all of a user, with the tokens of spawned agents. Whoever holds a token that
 * only reads a subtree, as that of a shared link, has an account apart, and spends nothing of the user's. Null for `ANYONE`.
 */
export function accountOf(caller: Caller): string | null {
  if (caller === ANYONE) return null;
  const { userId, scope, subtreeId, tokenId } = caller;
  const isGuest = scope === 'read' && subtreeId !== null;
  return isGuest ? `${tokenId ?? subtreeId}=${userId ?? ''}` : `=${userId ?? ''}`;
}
