import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerSocket } from './answer-socket.ts';
import type { Connections } from './connections.ts';
import { answerRefusal } from './node-listener.ts';
import { badRequest, methodNotAllowed, type Refusal } from './refusal.ts';
import type { ServerLogger } from './request-log.ts';

/**
 * Answers and logs what node:http emits no 'request' for: CONNECT, unknown expectations, and bytes that are no HTTP. By default, Node.js
 * answers them with an empty body or closes the connection.
 */
export function answerOddRequests(server: Server, connections: Connections, logger: ServerLogger): void {
  server.on('checkExpectation', (request, response) => answerRefusal(request, response, EXPECTATION, logger));
  server.on('connect', ({ method = NONE, url = NONE }, socket) =>
    answerSocket(socket, CONNECT, { method, path: url }, logger),
  );
  const refused = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const refusal = refusalOf(error);
    // The parser emits the error again for each chunk that follows.
    if (refusal && refused.has(socket)) return;
    refused.add(socket);
    if (!refusal || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = connections.answerOn(socket as Socket);
    const refuse = () => answerSocket(socket, refusal, { method: NONE, path: NONE }, logger);
    if (!answer) refuse();
    // The error comes after a complete request, whose answer goes first.
    else if (answer.req.complete) answer.once('close', () => socket.writable && refuse());
    // The error is in the body of a request whose answer has begun, and is logged with that request.
    else if (answer.headersSent) socket.destroy();
    else answerSocket(socket, refusal, null, logger);
  });
}

/** For a method or path that is not known, as in the logs of other HTTP servers. */
const NONE = '-';

const CONNECT = methodNotAllowed('Expected another method than CONNECT: this server is no proxy.');

const EXPECTATION: Refusal = {
  status: 417,
  code: 'EXPECTATION_FAILED',
  message: 'Expected no other expectation than 100-continue, got another. Send no Expect header.',
  headers: { connection: 'close' },
};

/** Null if the connection broke. Only the parser's code is passed on: its messages are for developers of parsers. */
function refusalOf({ code = '' }: NodeJS.ErrnoException): Refusal | null {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return {
      status: 408,
      code: 'REQUEST_TIMEOUT',
      message: 'Expected the whole request sooner, got a part of it. Send it at once.',
    };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = 'Expected at most 16 KiB of address and headers. Send a long query by POST.';
    return { status: 431, code: 'HEADERS_TOO_LARGE', message };
  }
  return code.startsWith('HPE_') ? badRequest(`Expected a request of HTTP/1.1 (${code}).`) : null;
}
