import { isHostName } from './host-name.ts';

/** Tells whether an Origin header names an origin whose pages may call. */
export type OriginCheck = (origin: string) => boolean;

/** A check against a list of origins; null if the list is empty. Throws a RangeError if `parseOrigin` gives null for one of them. */
export function createOriginCheck(allowed: readonly string[]): OriginCheck | null {
  if (allowed.length === 0) return null;
  const exact = new Set<string>();
  const wildcards: OriginCheck[] = [];
  for (const text of allowed) {
    const origin = parseOrigin(text);
    if (origin === null)
      throw new RangeError(`Expected ${EXPECTED_ORIGIN}, got ${JSON.stringify(text)}. ${ORIGIN_ADVICE}.`);
    if (origin.includes('*')) wildcards.push(matcher(origin));
    else exact.add(origin);
  }
  return (origin) => {
    // Browsers send origins in lower case, except for the hosts of extensions.
    const lower = origin.toLowerCase();
    return exact.has(lower) || wildcards.some((matches) => matches(lower));
  };
}

export const EXPECTED_ORIGIN =
  'an origin such as https://app.example, http://localhost:5173 or tauri://localhost, without a path';

export const ORIGIN_ADVICE =
  'Write https://*.app.example for all below a domain, which has two labels or more. ' +
  'A page from a file sends "null", as any sandboxed frame does: serve it over HTTP';

/** Schemes that are never part of an origin. */
const SCHEMES_WITHOUT_ORIGIN = new Set(['about', 'blob', 'data', 'file', 'ftp', 'javascript', 'ws', 'wss']);

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\\\s]+)\/?$/;

/**
 * Parses an origin as browsers send it (`https://app.example`), or a pattern: `https://*.app.example` matches all subdomains of a
 * domain, `vscode-webview://*` all hosts of a scheme other than http and https. Null if no browser would send such an origin.
 */
export function parseOrigin(text: string): string | null {
  const [, scheme, authority] = ORIGIN.exec(text.trim().toLowerCase()) ?? [];
  if (scheme === undefined || authority === undefined || SCHEMES_WITHOUT_ORIGIN.has(scheme)) return null;
  return scheme === 'http' || scheme === 'https'
    ? parseWebOrigin(scheme, authority)
    : parseOtherOrigin(scheme, authority);
}

/** Browsers omit the default port, and encode names that are not ASCII in Punycode. */
function parseWebOrigin(scheme: string, authority: string): string | null {
  const isWildcard = authority.startsWith('*.');
  const url = `${scheme}://${isWildcard ? authority.slice(2) : authority}`;
  if (authority.lastIndexOf('*') > 0 || !URL.canParse(url)) return null;
  const { host, hostname } = new URL(url);
  if (!isHostName(hostname)) return null;
  if (!isWildcard) return `${scheme}://${host}`;
  // The names below a top-level domain belong to many owners. Those below `localhost` all belong to this machine.
  const isDomain =
    /[a-z]/.test(hostname) && (hostname.slice(0, -1).includes('.') || hostname === 'localhost');
  return isDomain && !hostname.startsWith('[') ? `${scheme}://*.${host}` : null;
}

/** Desktop shells and browser extensions: their hosts are names or ids. */
function parseOtherOrigin(scheme: string, authority: string): string | null {
  return /^(\*|[a-z0-9._-]+(:\d{1,5})?)$/.test(authority) ? `${scheme}://${authority}` : null;
}

/** `*` stands for one label or more. */
const LABELS = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

function matcher(pattern: string): OriginCheck {
  const [before = '', after = ''] = pattern.split('*');
  return (origin) =>
    origin.startsWith(before) &&
    origin.endsWith(after) &&
    LABELS.test(origin.slice(before.length, origin.length - after.length));
}
