import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which an attack controls every byte, and whether it reads. */
export interface RawConnection {
  readonly socket: Socket;
  /** Everything received, up to `KEPT_BYTES`. */
  readonly text: () => string;
  readonly receivedBytes: () => number;
  readonly isClosed: () => boolean;
  /** Resolves once the server closed the connection: true, or after `ms`: false. */
  closedWithin(ms: number): Promise<boolean>;
  /** Resolves once `isThere` holds of what was received: true, or after `ms` or at the end of the connection: false. */
  receives(isThere: (text: string) => boolean, ms: number): Promise<boolean>;
}

const KEPT_BYTES = 1024 * 1024;

/** Connects. With `isReading` false, nothing is read, so that the server's answers fill the buffers of the system. */
export async function openRaw(port: number, { isReading = true } = {}): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1' });
  let kept = '';
  let bytes = 0;
  let isClosed = false;
  socket.on('error', () => {}).on('close', () => (isClosed = true));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  if (isReading)
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (kept.length < KEPT_BYTES) kept += chunk.toString('latin1');
    });
  else socket.pause();
  const within = (ms: number, isThere: () => boolean) =>
    new Promise<boolean>((resolve) => {
      const check = () => {
        if (!isThere() && !isClosed) return;
        clearTimeout(timer);
        socket.off('data', check).off('close', check);
        resolve(isThere());
      };
      const timer = setTimeout(() => resolve(isThere()), ms);
      if (isReading) socket.on('data', check);
      socket.on('close', check);
      check();
    });
  return {
    socket,
    text: () => kept,
    receivedBytes: () => bytes,
    isClosed: () => isClosed,
    closedWithin: (ms) => within(ms, () => isClosed),
    receives: (isThere, ms) => within(ms, () => isThere(kept)),
  };
}

export interface PostOptions {
  readonly length?: number;
  readonly headers?: string;
  /** A header line, or nothing; that of the attacker if a server is given in the place of options. */
  readonly authorization?: string;
}

/** The bytes of a POST to `/graphql`; `length`, if given, is declared instead of the body's own. */
export function postBytes(
  body: string,
  { length = Buffer.byteLength(body), headers = '', authorization = '' }: PostOptions = {},
): string {
  return (
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `${authorization}${headers}Content-Length: ${length}\r\n\r\n${body}`
  );
}

/** Sends bytes, and gives what the server answered until it closed, or for `ms`. */
export async function exchange(port: number, bytes: string, ms = 10_000): Promise<string> {
  const connection = await openRaw(port);
  connection.socket.write(bytes, 'latin1');
  await connection.closedWithin(ms);
  connection.socket.destroy();
  return connection.text();
}

/** The statuses of the answers in what a connection received. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
