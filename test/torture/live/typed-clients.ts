import { type SessionChanges, Sessiontree, type WebSocketClass } from '@sessiontree/client';
import { type ChangesTold, type LiveClient, MESSAGES_AT_ONCE } from './clients.ts';
import { SAID } from './queries.ts';

/** `@sessiontree/client`, in both ways in which it watches. */
export const TYPED_CLIENTS: Readonly<Record<string, (port: number) => LiveClient>> = {
  'the client over WebSocket': (port) => typedClient(port, undefined),
  'the client over server-sent events': (port) => typedClient(port, null),
};

function typedClient(port: number, webSocket: WebSocketClass | null | undefined): LiveClient {
  const client = new Sessiontree(`http://127.0.0.1:${port}/graphql`, {
    ...(webSocket !== undefined && { webSocket }),
  });
  const all = new AbortController();
  return {
    watch(within, after, sink) {
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, all.signal]);
      const watch = async () => {
        for await (const batch of client.sessions.watch(within, {
          after,
          signal,
          messages: MESSAGES_AT_ONCE,
        }))
          sink.next(told(batch));
        sink.complete();
      };
      watch().catch((error) => sink.error(error));
      return () => stop.abort();
    },
    dispose: () => all.abort(),
  };
}

/** What the other libraries ask for, of what the client asks for. */
function told(batch: SessionChanges): ChangesTold {
  const changes = batch.changes.map(({ session, ...change }) => ({
    ...change,
    session: session && (Object.fromEntries(SAID.map((name) => [name, session[name]])) as never),
  }));
  return { ...batch, changes };
}
