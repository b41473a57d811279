import { BlockList, isIP } from 'node:net';
import { plainAddress } from './client-address.ts';

/** Tells whether what an address says of the requests that it forwards is believed. */
export type PeerTrust = (address: string) => boolean;

export const EXPECTED_PEER = 'loopback, an address (10.0.0.7) or a network (10.0.0.0/8, fd00::/8)';

/** What `loopback` stands for. */
const LOOPBACK = ['127.0.0.0/8', '::1'];

interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly bits: number;
}

/** True for `loopback`, an address, or a network in the notation of CIDR. */
export function isPeer(text: string): boolean {
  return text === 'loopback' || parseNetwork(text) !== null;
}

/** A check against a list of peers. Throws a RangeError for an entry that `isPeer` refuses. */
export function createPeerTrust(peers: readonly string[]): PeerTrust {
  const trusted = new BlockList();
  for (const text of peers.flatMap((peer) => (peer === 'loopback' ? LOOPBACK : peer))) {
    const network = parseNetwork(text);
    if (!network) throw new RangeError(`Expected ${EXPECTED_PEER}, got ${JSON.stringify(text)}.`);
    trusted.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function parseNetwork(text: string): Network | null {
  const [, given = '', bits] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = plainAddress(given);
  const version = isIP(address);
  if (version === 0) return null;
  const most = version === 6 ? 128 : 32;
  const counted = bits === undefined ? most : Number(bits);
  return counted > most ? null : { address, family: version === 6 ? 'ipv6' : 'ipv4', bits: counted };
}
