import { TOKEN } from './http-list.ts';

/** Browsers must not guess a content type from the body. */
export const SECURITY_HEADERS = { 'x-content-type-options': 'nosniff' } as const;

/** Set on every answer if any origin is allowed: a cache must not serve one origin the answer for another. */
export const VARY = { vary: 'Origin' } as const;

/** Headers that a page may send in addition to those its preflight names. One cached preflight then covers more requests. */
const KNOWN_HEADERS = [
  'content-type',
  'authorization',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'apollo-require-preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'graphql-client-name',
  'graphql-client-version',
];

/** Chromium caches a preflight no longer than this. */
const PREFLIGHT_SECONDS = 7_200;

/** The CORS headers that let a page of `origin` read an answer. */
export function corsHeaders(origin: string): [name: string, value: string][] {
  return [
    ['access-control-allow-origin', origin],
    ['access-control-allow-credentials', 'true'],
    ['access-control-expose-headers', 'x-request-id, allow, retry-after'],
  ];
}

/** The headers of the answer to a preflight of an allowed origin. */
export function preflightHeaders({ headers }: Request): Record<string, string> {
  return {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': [...new Set([...KNOWN_HEADERS, ...askedHeaders(headers)])].join(', '),
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    vary: 'Access-Control-Request-Method, Access-Control-Request-Headers',
  };
}

const HEADER_NAME = new RegExp(`^${TOKEN}$`);

/** The headers that a preflight asks for. Anything that is no header name is ignored. */
function askedHeaders(headers: Headers): string[] {
  const names = (headers.get('access-control-request-headers') ?? '').toLowerCase().split(',');
  return names.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name));
}

/** Adds a request header to `Vary`, unless it is there. */
export function dependsOn(headers: Headers, name: string): void {
  const named = headers.get('vary')?.split(', ') ?? [];
  if (!named.includes(name)) headers.append('vary', name);
}
