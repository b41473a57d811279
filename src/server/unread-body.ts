import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of a body that Node.js may read to its end, and throw away, after the answer: the connection can then be used again. */
const SHORT_BYTES = 64 * 1024;
/** Milliseconds that a client has to read the answer, before its connection is closed. */
const READING_MS = 1_000;
/** Connections whose bodies are read on meanwhile, and bytes of each: many clients read no answer before they have sent all. */
const READ_ON_MAX = 2;
const READ_ON_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 10;

let readOn = 0;

/**
 * Call for each request, before it is answered. If an answer goes out before the body has come to its end, as is so when the head was enough
 * to refuse the request, Node.js would read all of the body, however long: clients that nobody has admitted could keep the server busy with
 * that. So the answer to a long one says `Connection: close`. While the client reads the answer, few such bodies are read on, up to a
 * bound. Then the connection is closed.
 */
export function limitUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  if (!isLong(request)) return;
  const { writeHead } = response;
  response.writeHead = (...head: unknown[]) => {
    if (!request.complete && !response.headersSent) closeBehind(request, response);
    return Reflect.apply(writeHead, response, head) as ServerResponse;
  };
}

function isLong({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return length === undefined ? headers['transfer-encoding'] !== undefined : Number(length) > SHORT_BYTES;
}

function closeBehind(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  response.setHeader('connection', 'close');
  // Node.js calls this behind such an answer. A connection that is destroyed while bytes come in is reset: the client may lose the answer.
  socket.destroySoon = () => socket.end();
  response.once('close', () => {
    const end = setTimeout(() => socket.destroy(), READING_MS).unref();
    socket.once('close', () => clearTimeout(end));
    if (readOn < READ_ON_MAX) readOnFor(request);
    else socket.pause();
  });
}

function readOnFor({ socket }: IncomingMessage): void {
  readOn += 1;
  const most = socket.bytesRead + READ_ON_BYTES;
  const look = setInterval(() => {
    if (socket.bytesRead > most) socket.pause();
  }, LOOK_MS).unref();
  socket.once('close', () => {
    clearInterval(look);
    readOn -= 1;
  });
}
