import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type Forwarded, plainAddress, setForwarded } from './client-address.ts';
import type { PeerTrust } from './trusted-peers.ts';

/**
 * Takes from a request what a trusted proxy says of the client: its address, the scheme that it used, and the host. What others say in the
 * same headers is ignored. `headers.host` is replaced by the host that the proxy names.
 */
export function settleForwarded(request: IncomingMessage, isTrusted: PeerTrust): void {
  const peer = plainAddress(request.socket.remoteAddress);
  if (peer === undefined || !isTrusted(peer)) return;
  const { hops, scheme, host } = saidOf(request);
  setForwarded(request, { client: clientOf(peer, hops, isTrusted), scheme: schemeOf(scheme) });
  if (host !== undefined) request.headers.host = host;
}

/** What the proxies say, the last one last. */
interface Said {
  readonly hops: readonly string[];
  readonly scheme: string | undefined;
  readonly host: string | undefined;
}

/**
 * A proxy writes one kind of headers and passes the other kind on as the client sent it. Therefore `Forwarded` (RFC 7239) counts only in a
 * request without any X-Forwarded header: a proxy that writes `Forwarded` must remove those.
 */
function saidOf({ headers }: IncomingMessage): Said {
  const [hops, schemes, hosts] = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'].map((name) =>
    listIn(headers[name]),
  );
  const isKnown = [hops, schemes, hosts].some((list) => list!.length > 0);
  if (!isKnown && headers.forwarded !== undefined) return saidIn(headers.forwarded);
  // Of several values the last is that of the nearest proxy, which is trusted; the others may be the client's.
  return { hops: hops!, scheme: schemes!.at(-1), host: hosts!.at(-1) };
}

function listIn(header: string | string[] | undefined): string[] {
  return String(header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Matches a parameter of `Forwarded`, whose value may be quoted. */
const PARAMETER = /^\s*(for|proto|host)\s*=\s*(?:"([^"\\]*)"|([^";,\s]*))\s*$/i;

function saidIn(header: string): Said {
  const elements = header.split(',').map((element) => {
    const found = element.split(';').map((part) => PARAMETER.exec(part));
    const pairs = found.flatMap((match) => (match ? [[match[1]!.toLowerCase(), match[2] ?? match[3]!]] : []));
    return Object.fromEntries(pairs) as { for?: string; proto?: string; host?: string };
  });
  const last = elements.at(-1);
  return { hops: elements.map((element) => element.for ?? 'unknown'), scheme: last?.proto, host: last?.host };
}

/** The last address that no trusted proxy has: those before it may be made up. The last trusted one if a hop is no address. */
function clientOf(peer: string, hops: readonly string[], isTrusted: PeerTrust): string {
  let client = peer;
  for (const hop of hops.toReversed()) {
    const address = addressIn(hop);
    if (address === null) return client;
    client = address;
    if (!isTrusted(address)) return client;
  }
  return client;
}

/** The address in a hop, which may have a port: `10.0.0.7:51234`, `[2001:db8::7]:51234`. Null for `unknown` and the like. */
function addressIn(hop: string): string | null {
  const [, bracketed, v4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? [];
  const address = plainAddress(bracketed ?? v4 ?? hop);
  return isIP(address) === 0 || address.includes('%') ? null : address;
}

function schemeOf(scheme: string | undefined): Forwarded['scheme'] {
  switch (scheme?.toLowerCase()) {
    case 'https':
    case 'wss':
      return 'https';
    case 'http':
    case 'ws':
      return 'http';
    default:
      return null;
  }
}
