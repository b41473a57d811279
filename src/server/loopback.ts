import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

/** Whether an address of IPv4 or IPv6, without a zone, is a loopback address (`::ffff:127.0.0.1` is one, too). */
export function isLoopbackAddress(address: string): boolean {
  // The common addresses first: this runs for each request.
  if (address === '127.0.0.1' || address === '::1') return true;
  const version = isIP(address);
  return version !== 0 && !address.includes('%') && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
