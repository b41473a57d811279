import type { ServerPlugin } from '../plugin.ts';
import { refuse } from '../refusal.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export interface HostCheckOptions {
  /** Names beside the loopback ones, without a port; an IPv6 address in brackets. */
  readonly allowedHosts: readonly string[];
}

/**
 * Answers only under names that are its own. A web site can point its own name at 127.0.0.1 (DNS rebinding) and would
 * then be of the same origin as this server; the Host header still says the site's name.
 */
export function useHostCheck({ allowedHosts }: HostCheckOptions): ServerPlugin {
  const isOwn = createHostCheck(allowedHosts);
  return {
    onRequest(payload) {
      if (isOwn(hostOf(payload.request))) return;
      refuse(payload, {
        status: 403,
        code: 'HOST_NOT_ALLOWED',
        message:
          'The Host header names a host that this server does not answer for. ' +
          'Use localhost or 127.0.0.1, or start the server with --allow-host.',
      });
    },
  };
}

/** Tells whether a Host header names this server. */
export function createHostCheck(allowedHosts: readonly string[]): (host: string | undefined) => boolean {
  const names = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((name) => name.toLowerCase())]);
  return (host) => {
    const name = host === undefined ? null : hostName(host);
    return name !== null && names.has(name);
  };
}

/** The Host header; where there is none (HTTP/1.0), the host of the URL, which then names the local address. */
export function hostOf(request: Request): string {
  return request.headers.get('host') ?? request.url.split('/', 3)[2] ?? '';
}

/** `[::1]:4000` -> `[::1]`; null for what is no host with an optional port. */
function hostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(host);
  if (!match || Number(match[2] ?? 0) > 65_535) return null;
  return match[1]!.toLowerCase();
}
