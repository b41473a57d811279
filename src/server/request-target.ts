import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { NO_HOST, rememberingLatest } from './host-name.ts';
import { SERVER_PATH } from './paths.ts';
import { withoutBasePath } from './proxy/base-path.ts';
import { settleForwarded } from './proxy/settle-forwarded.ts';
import type { PeerTrust } from './proxy/trusted-peers.ts';
import { badRequest, type Refusal } from './refusal.ts';

/** Express changes `url` within a router, and keeps the target in `originalUrl`. Yoga reads the same property. */
type MaybeRouted = IncomingMessage & { originalUrl?: string };

/** The target of a request. */
export function targetOf({ url = '', originalUrl }: MaybeRouted): string {
  return originalUrl || url;
}

function setTarget(request: MaybeRouted, target: string): void {
  if (request.originalUrl) request.originalUrl = target;
  else request.url = target;
}

export interface SettleOptions {
  /** Taken from the beginning of the path, where it is there. */
  readonly basePath?: string;
  /** Whose X-Forwarded headers count; null for nobody's. */
  readonly isTrusted?: PeerTrust | null;
}

/**
 * Settles the target of a request by RFC 9112, section 3.2. Afterwards `targetOf` gives a path with a query, and `headers.host` is the
 * authority that applies, from which a URL can be made: behind a trusted proxy, the one that the proxy names. Returns a refusal if the
 * request must be answered with 400.
 */
export function settleTarget(
  request: IncomingMessage,
  { basePath = '', isTrusted = null }: SettleOptions = {},
): Refusal | null {
  const { headers, httpVersion } = request;
  if (countHosts(request) > 1) return badRequest('Expected one Host header, got several.');
  if (headers.host === undefined && httpVersion !== '1.0')
    return badRequest('Expected a Host header, got none.');
  const target = targetOf(request);
  if (!target.startsWith('/')) {
    const refusal = target === '*' ? settleAsterisk(request) : settleAbsolute(request, target);
    if (refusal) return refusal;
  }
  headers.host ??= localHost(request);
  if (isTrusted) settleForwarded(request, isTrusted);
  if (basePath !== '') setTarget(request, withoutBasePath(targetOf(request), basePath));
  // Yoga makes a URL from the Host header before any plugin runs, and throws if it is no host.
  if (!isAuthority(headers.host)) headers.host = NO_HOST;
  return null;
}

const isAuthority = rememberingLatest((host) => URL.canParse(`http://${host}`));

/** The Host header for a client of HTTP/1.0 that sent none, as Yoga would set it. */
function localHost({ socket }: IncomingMessage): string {
  const { localAddress = '', localPort } = socket;
  return isIPv4(localAddress) ? `${localAddress}:${localPort}` : 'localhost';
}

/** `headers` has the first only: Node.js drops the others silently. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.length === 4 && rawHeaders[at]!.toLowerCase() === 'host') count += 1;
  }
  return count;
}

function settleAsterisk(request: IncomingMessage): Refusal | null {
  if (request.method !== 'OPTIONS') return badRequest('Expected a path: only OPTIONS may ask for "*".');
  setTarget(request, SERVER_PATH);
  return null;
}

/** The absolute form, which clients send to a proxy. Its authority replaces the Host header, and is checked in its place. */
const ABSOLUTE = /^http:\/\/([^/?#@]+)(?![^/?#])(.*)$/i;

function settleAbsolute(request: IncomingMessage, target: string): Refusal | null {
  const [, authority, rest = ''] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined)
    return badRequest('Expected a path, or a URL with http:// and a host and without a user.');
  request.headers.host = authority;
  if (rest.startsWith('/')) setTarget(request, rest);
  else setTarget(request, rest === '' && request.method === 'OPTIONS' ? SERVER_PATH : `/${rest}`);
  return null;
}
