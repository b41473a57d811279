import type { RequestHead } from '../request-head.ts';

/** RFC 6750, section 2.1. The name of the scheme may be in any case. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** The token of an Authorization header, or of what a client sends in its place; null if there is none. */
export function bearerIn(authorization: string | null | undefined): string | null {
  return BEARER.exec(authorization ?? '')?.[1] ?? null;
}

/** The same request with another Authorization header. */
export function withBearer(head: RequestHead, token: string): RequestHead {
  const { header } = head;
  return { ...head, header: (name) => (name === 'authorization' ? `Bearer ${token}` : header(name)) };
}
