import type { IncomingMessage } from 'node:http';
import { SMALL_BYTES } from './admission/small.ts';
import { isSentAsIs } from './compression.ts';
import { GRAPHQL_PATH } from './paths.ts';
import type { RequestHead } from './request-head.ts';

/** Whether an operation comes in the URL, or in a body that takes no longer to read than what the fast path saves. */
export function isSmallRequest({ method, path, header }: RequestHead): boolean {
  if (path !== GRAPHQL_PATH) return false;
  return method === 'GET' || (method === 'POST' && Number(header('content-length')) <= SMALL_BYTES);
}

/** Whether the head of a small request fits the fast path. */
export function isPlain(head: RequestHead): boolean {
  return (
    head.method === 'POST' &&
    // Answers to pages need the CORS headers of Yoga's plugins.
    head.header('origin') === undefined &&
    isSentAsIs(head)
  );
}

/** The body of a request; null if the connection closes before its end. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<Buffer | null>();
  const onData = (chunk: Buffer) => void chunks.push(chunk);
  const onClose = () => resolve(null);
  request
    .on('data', onData)
    .once('end', () => {
      // The request of a stream lasts, and would keep its body.
      request.off('data', onData).off('close', onClose);
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    })
    .on('close', onClose);
  return promise;
}
