import { canonicalName, NO_HOST, nameInHost, rememberingLatest } from '../host-name.ts';
import type { Refusal } from '../refusal.ts';
import type { Policy } from './policy.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Characters of the longest Host header that a message repeats: a name has at most 253, a port 5. */
const MAX_HOST_CHARACTERS = 260;

/**
 * Refuses requests to hosts other than the loopback names and `allowedHosts` (without a port; an IPv6 address in brackets). A web site
 * can point its own name at 127.0.0.1 (DNS rebinding). Its pages then have the same origin as this server, but the Host header still
 * contains the site's name.
 */
export function ownHost(allowedHosts: readonly string[]): Policy {
  const refusalOf = createHostCheck(allowedHosts);
  return { name: 'own host', head: ({ host }) => refusalOf(host) };
}

/** The check of `ownHost`, of a Host header. */
export function createHostCheck(allowedHosts: readonly string[]): (host: string) => Refusal | undefined {
  const names = new Set([...LOOPBACK_NAMES, ...allowedHosts.map(canonicalName)]);
  const isOwn = rememberingLatest((host) => {
    const given = nameInHost(host);
    return given !== null && (names.has(given) || names.has(canonicalName(given)));
  });
  return (host) => {
    if (isOwn(host)) return undefined;
    const given = nameInHost(host);
    const name = host === NO_HOST || host.length > MAX_HOST_CHARACTERS ? null : given;
    return {
      status: 403,
      code: 'HOST_NOT_ALLOWED',
      message:
        `The Host header names ${name ?? 'a host'}, which this server does not answer for. ` +
        `Use localhost or 127.0.0.1 or, if the name is yours, start the server with --allow-host${name ? ` ${name}` : ''}.`,
    };
  };
}
