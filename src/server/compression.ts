import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type Encoding, negotiateEncoding } from './accept-encoding.ts';
import { isLoopbackAddress } from './loopback.ts';
import type { RequestHead } from './request-head.ts';

/** A shorter answer fits into one packet uncompressed. */
const MIN_BYTES = 1024;

/** In order of preference. At the levels used here, Brotli takes half the time of gzip for the same size. */
const ENCODINGS = ['br', 'gzip', 'identity'] as const;

/** The parts of a request's head that decide how its answer is encoded. */
export type Sender = Pick<RequestHead, 'header' | 'address'>;

/**
 * The encoding for an answer of `bytes` bytes; null if the client accepts none of ours. A program on this machine gets an uncompressed
 * answer even if it accepts gzip, as Node's fetch always says: compression would cost both ends time and save nothing.
 *
 * BREACH: the size of a compressed answer can reveal a secret in it that stands beside text of an attacker's choice. Here a page of
 * another site cannot make a browser send requests, and no answer contains a token.
 */
export function encodingFor(sender: Sender, bytes: number): Encoding | null {
  const accepted = sender.header('accept-encoding');
  if ((bytes <= MIN_BYTES || isLocalProgram(sender)) && takesIdentity(accepted)) return 'identity';
  return negotiateEncoding(accepted, ENCODINGS);
}

/** Whether an answer is sent uncompressed, whatever its length. */
export function isSentAsIs(sender: Sender): boolean {
  return encodingFor(sender, Number.POSITIVE_INFINITY) === 'identity';
}

/** A header without qualities excludes nothing. */
function takesIdentity(accepted: string | null | undefined): boolean {
  return !accepted?.includes(';') || negotiateEncoding(accepted, ['identity']) !== null;
}

/** Whether the client is a program on this machine: neither a browser, nor a proxy for another machine. */
function isLocalProgram({ header, address }: Sender): boolean {
  const isLocal = address === undefined || isLoopbackAddress(address);
  return isLocal && REMOTE_HEADERS.every((name) => header(name) == null);
}

/** Headers that browsers send, or proxies add. `Sec-Fetch-Mode` is missing here: Node's fetch sends it, too. */
const REMOTE_HEADERS = ['origin', 'sec-fetch-site', 'sec-fetch-dest', 'x-forwarded-for', 'forwarded', 'via'];

const packGzip = promisify(gzip);
const packBrotli = promisify(brotliCompress);

/** Compresses in the thread pool of libuv, a chunk at a time: other tasks of the pool get their turn in between. */
export function compress(body: Uint8Array, encoding: 'br' | 'gzip'): Promise<Buffer<ArrayBuffer>> {
  if (encoding === 'gzip') return packGzip(body, { level: 4 });
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  return packBrotli(body, {
    params: { [BROTLI_PARAM_QUALITY]: 1, [BROTLI_PARAM_SIZE_HINT]: body.byteLength },
  });
}
