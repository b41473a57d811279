import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

export type Scope = 'read' | 'write';

/** Asks for a token before the server at `url`: the page itself is open, the API is not. Until the end of the test. */
export async function guard(url: string) {
  const tokens = new Map<string, Scope>();
  const sockets = new Set<WebSocket>();
  const scopeOf = (authorization: unknown) => tokens.get(String(authorization).replace(/^Bearer /, ''));

  const server = createServer(async (incoming, response) => {
    const body = await text(incoming);
    const answer = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (incoming.url === '/graphql') {
      const scope = scopeOf(incoming.headers.authorization);
      const error = { message: 'Expected a token.', extensions: { code: 'UNAUTHENTICATED' } };
      if (!scope) return answer(401, { errors: [error] });
      const [, mutation] = /\bmutation\b[^{]*\{\s*(\w+)/.exec(JSON.parse(body).query) ?? [];
      const forbidden = { __typename: 'ForbiddenError', message: 'This token only reads.' };
      if (mutation && scope === 'read') return answer(200, { data: { [mutation]: forbidden } });
    }
    const { method, url: path, headers } = incoming;
    const { host: _, origin: __, ...others } = headers;
    const forwarded = request(new URL(path!, url), { method, headers: others });
    forwarded.end(body);
    const [answered] = (await once(forwarded, 'response')) as [IncomingMessage];
    response.writeHead(answered.statusCode!, answered.headers);
    answered.pipe(response);
  });

  new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' }).on(
    'connection',
    (socket) => {
      sockets.add(socket);
      socket.once('message', (first) => {
        if (!scopeOf(JSON.parse(String(first)).payload?.authorization))
          return socket.close(4401, 'Unauthorized');
        const real = new WebSocket(new URL('/graphql', url.replace(/^http/, 'ws')), 'graphql-transport-ws');
        real.on('open', () => real.send(String(first)));
        real.on('message', (message) => socket.send(String(message)));
        socket.on('message', (message) => real.send(String(message)));
        socket.on('close', () => real.close());
      });
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    for (const socket of sockets) socket.terminate();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    /** Forgets a token, and ends what goes on with it. */
    revoke(token: string): void {
      tokens.delete(token);
      for (const socket of sockets) socket.close(4403, 'The token was revoked');
    },
  };
}
