import type { IncomingMessage } from 'node:http';

/** What a trusted proxy says of a request that it forwards. */
export interface Forwarded {
  /** The address of the client. */
  readonly client: string;
  /** The scheme of the URL that the client used; null if the proxy does not say. */
  readonly scheme: 'http' | 'https' | null;
}

const FORWARDED = Symbol('forwarded');

/** A property of the request rather than an entry of a map: see CONTRIBUTING.md, "State of running requests". */
type MaybeForwarded = IncomingMessage & { [FORWARDED]?: Forwarded };

export function setForwarded(request: MaybeForwarded, forwarded: Forwarded): void {
  request[FORWARDED] = forwarded;
}

/** What a trusted proxy says of the request; undefined if it came by none. */
export function forwardedOf(request: MaybeForwarded): Forwarded | undefined {
  return request[FORWARDED];
}

/** The address of the client: that of the connection or, behind a trusted proxy, the one that the proxy names. Undefined over a Unix socket. */
export function clientAddress(request: IncomingMessage): string | undefined {
  return forwardedOf(request)?.client ?? plainAddress(request.socket.remoteAddress);
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address of IPv4 as such, also where a socket for both versions gives it as one of IPv6. */
export function plainAddress<Address extends string | undefined>(address: Address): Address {
  const mapped = address === undefined ? null : MAPPED.exec(address);
  return mapped ? (mapped[1] as Address) : address;
}
