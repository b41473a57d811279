import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { negotiateEncoding } from './accept-encoding.ts';

/** All browsers accept gzip. For other clients, a file is decompressed once, however many ask for it at once. */
const ENCODINGS = ['gzip', 'identity'] as const;

const unpack = promisify(gunzip);
const pack = promisify(gzip);

/** Headers of a page: each version of the page names other files. */
export const REVALIDATED = { 'cache-control': 'no-cache' } as const;

/** Headers of a file that a page loads, and whose name contains a hash of its content. */
export const CACHED_FOREVER = {
  'cache-control': 'public, max-age=31536000, immutable',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** A file that never changes while the server runs. */
export interface StaticFile {
  readonly gzipped: Uint8Array<ArrayBuffer>;
  /** A weak tag: it is the same for both encodings. */
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Compresses `content`, to be served with `headers`. */
export async function createStaticFile(
  content: string | Uint8Array,
  headers: StaticFile['headers'],
): Promise<StaticFile> {
  const tag = createHash('sha256').update(JSON.stringify(headers)).update(content).digest('base64url');
  return { gzipped: new Uint8Array(await pack(content)), etag: `W/"${tag}"`, headers };
}

/** The answer to a request for `file`: 304 if the client has it already. */
export async function respondWithFile(
  { gzipped, etag, headers }: StaticFile,
  request: Request,
  fetchAPI: { readonly Response: typeof Response },
): Promise<Response> {
  const told = { ...headers, etag };
  if (isNamed(etag, request.headers.get('if-none-match')))
    return new fetchAPI.Response(null, { status: 304, headers: told });
  const encoding = negotiateEncoding(request.headers.get('accept-encoding'), ENCODINGS);
  const body = encoding === 'gzip' ? gzipped : await unpacked(gzipped);
  return new fetchAPI.Response(body, {
    headers: {
      ...told,
      ...(encoding === 'gzip' && { 'content-encoding': 'gzip' }),
      'content-length': String(body.byteLength),
    },
  });
}

const unpackedFiles = new WeakMap<Uint8Array, Promise<Uint8Array<ArrayBuffer>>>();

function unpacked(gzipped: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  let file = unpackedFiles.get(gzipped);
  if (!file) {
    file = unpack(gzipped).then((bytes) => new Uint8Array(bytes));
    unpackedFiles.set(gzipped, file);
    // A lack of memory may be temporary.
    file.catch(() => unpackedFiles.delete(gzipped));
  }
  return file;
}

/** Whether an If-None-Match header names `etag`. The comparison is weak. */
function isNamed(etag: string, ifNoneMatch: string | null): boolean {
  if (ifNoneMatch === null) return false;
  const strong = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || strong(tag) === strong(etag));
}
