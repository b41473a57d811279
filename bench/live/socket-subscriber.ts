import { WebSocket } from 'ws';
import { now } from './clock.ts';
import { findMarkers } from './marker.ts';
import type { OnChange, Subscriber } from './sse-subscriber.ts';
import type { Subscription } from './subscription.ts';

/** Subscribes over a WebSocket. Resolves once the message `subscribe` is sent: the protocol has no answer to it. */
export function subscribeOverSocket(
  { url, payload }: Extract<Subscription, { transport: 'websocket' }>,
  onChange: OnChange,
  reads: boolean,
): Promise<Subscriber> {
  const { promise, resolve, reject } = Promise.withResolvers<Subscriber>();
  const socket = new WebSocket(url, 'graphql-transport-ws', {
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  let isAcknowledged = false;
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('message', (message: Buffer) => {
    if (isAcknowledged) {
      const time = now();
      findMarkers(message, (change) => onChange(change, time));
      return;
    }
    isAcknowledged = true;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }), () => {
      if (!reads) socket.pause();
      resolve({ close: () => socket.terminate() });
    });
  });
  socket.on('error', reject);
  socket.on('close', (code, reason) =>
    reject(new Error(`Expected a WebSocket of ${url}, got a close with ${code}: ${reason}`)),
  );
  return promise;
}
