import type { Scope } from './caller.ts';

/** What a new token gives a right to. */
export interface NewToken {
  /** The owner of the trees that the token's holder sees; null: of those that belong to nobody. */
  readonly userId: string | null;
  readonly scope: Scope;
  /** Only this session and all beneath it. Default: null, for no such bound. */
  readonly subtreeId?: string | null;
  /** Default: null, for a token that does not expire. */
  readonly expiresAt?: Date | null;
  /** The id of the token by which it was made: it ends when that does. Default: null. */
  readonly mintedBy?: string | null;
  /** What the token was made for, such as `spawn:<session id>`. Default: null. */
  readonly purpose?: string | null;
  /** Revokes, in the same step, all that were made for the same purpose. Default: false. */
  readonly isOnly?: boolean;
}

/** A token that was just made: the only time that anybody but its holder knows the token. */
export interface MintedToken {
  /** Names the token in lists and records; no secret. */
  readonly id: string;
  readonly token: string;
}

/** Makes and revokes the tokens that the server accepts. */
export interface TokenIssuer {
  /** Makes a token, which works once the promise resolves, and is on the disk then. */
  mint(token: NewToken): Promise<MintedToken>;
  /** Revokes a token; resolves with false if there is none of this id. Streams of its holder end within about a second. */
  revoke(id: string): Promise<boolean>;
}
