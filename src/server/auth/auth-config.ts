/** How JSON Web Tokens are checked, and what their claims are called. */
export interface JwtConfig {
  /** A secret shared with the issuer (HS256), or the issuer's public keys: a key set, or where it is. */
  readonly keys: { readonly secret: Uint8Array } | { readonly jwks: URL } | { readonly jwksFile: string };
  readonly issuer: string;
  readonly audience: string;
  readonly userClaim: string;
  readonly scopeClaim: string;
  readonly subtreeClaim: string;
}

/** Bytes of the shortest secret: as many as the hash has (RFC 7518, section 3.2). */
export const JWT_SECRET_BYTES_MIN = 32;

/** How the server knows who sends a request. */
export type AuthConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'token' }
  | { readonly kind: 'jwt'; readonly jwt: JwtConfig };

export const AUTH_KINDS = ['none', 'token', 'jwt'] as const;
