import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { SECURITY_HEADERS } from './browser-headers.ts';
import { JSON_TYPE, type Refusal, refusalBody } from './refusal.ts';
import { factsOfSocket } from './request-facts.ts';
import { logRequest, type ServerLogger } from './request-log.ts';

/**
 * Answers a request that node:http has no response for, and closes the connection: no next request can be recognized on it. Logs the
 * request, unless `logged` is null.
 */
export function answerSocket(
  socket: Duplex,
  refusal: Refusal,
  logged: { readonly method: string; readonly path: string } | null,
  logger: ServerLogger,
  facts = factsOfSocket(socket, logger),
): void {
  const body = refusalBody(refusal);
  const headers = {
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    'x-request-id': facts.id,
    ...SECURITY_HEADERS,
    ...refusal.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status, code } = refusal;
  // A connection reset by the client is not an error of the server.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
  if (!logged) return;
  facts.errorCodes = [code];
  facts.messages = [refusal.message];
  logRequest(logger, facts, { ...logged, status });
}
