import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

export interface Sent {
  readonly method?: string | undefined;
  readonly path?: string;
  /** Sent as given. Only `Host`, if missing, and the length of the body are added. */
  readonly headers?: OutgoingHttpHeaders;
  /** A stream is sent in chunks. */
  readonly body?: string | Uint8Array | ReadableStream | undefined;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request with exactly the given headers: `fetch` adds headers, and cannot set `Host`. */
export function send(port: number, sent: Sent, agent: Agent | false = false): Promise<Received> {
  const { method = 'POST', path = '/graphql', body } = sent;
  const isStream = typeof body === 'object' && 'getReader' in body;
  const headers: OutgoingHttpHeaders = { host: 'localhost', ...sent.headers };
  const isFramed = 'content-length' in headers || 'transfer-encoding' in headers;
  if (isStream) headers['transfer-encoding'] = 'chunked';
  else if (body !== undefined && !isFramed) headers['content-length'] = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, headers, agent, setHost: false },
      (response) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('error', reject)
          .on('end', () => {
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) });
            // A stream may be endless.
            if (isStream) outgoing.destroy();
          });
      },
    );
    outgoing.on('error', reject);
    if (isStream) Readable.fromWeb(body).on('error', reject).pipe(outgoing);
    else outgoing.end(body);
  });
}
