import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { reset } from './reset.ts';

/** A connection to this process, from both sides. */
async function connected(): Promise<[client: Socket, server: Socket]> {
  const listener = createServer().listen(0, '127.0.0.1');
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  await once(listener, 'listening');
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const [server] = await accepted;
  onTestFinished(() => {
    client.destroy();
    listener.close();
  });
  return [client, server];
}

test('resets a connection', async () => {
  const [client, server] = await connected();
  const failed = once(client, 'error');
  reset(server);
  expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
});

test('closes a connection whose end is being sent', async () => {
  const [, server] = await connected();
  const closed = once(server, 'close');
  server.end();
  // The end goes out in a later tick, and is under way until the next turn of the event loop.
  process.nextTick(() => process.nextTick(() => reset(server)));
  await closed;
});
