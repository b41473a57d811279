import pg from 'pg';
import type { ReadOptions } from '../../read-options.ts';

/** Milliseconds that PostgreSQL has to end a statement that was cancelled, before its connection is given up. */
const CANCEL_MS = 2_000;

/** What a client has beside its types. */
interface Internals {
  readonly processID: number | null;
  readonly secretKey: unknown;
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  /** 'direct': TLS begins without a request for it. */
  readonly sslNegotiation: 'postgres' | 'direct';
  readonly connection: {
    readonly stream: { destroy(): void };
    on(event: string, listener: () => void): void;
    connect(port: number | string, host?: string): void;
    requestSsl(): void;
    cancel(processID: number, secretKey: unknown): void;
  };
}

export interface Cancellation {
  /** Whether the deadline has passed. */
  isDeadline(): boolean;
  /** Cancels nothing any more. Resolves once no cancellation is under way that would reach the next statement of the connection. */
  end(): Promise<void>;
}

/** Cancels what runs on a connection once the read is over, until `end` is called. `config` is that of the connection. */
export function cancelWhenOver(
  client: pg.ClientBase,
  config: pg.ClientConfig,
  { signal, deadline }: ReadOptions,
): Cancellation {
  const internals = client as unknown as Internals;
  let isPast = false;
  let giveUp: NodeJS.Timeout | undefined;
  let cancelling: Promise<void> | undefined;
  const cancel = () => {
    if (cancelling) return;
    cancelling = sendCancel(internals, config);
    giveUp = setTimeout(() => internals.connection.stream.destroy(), CANCEL_MS);
  };
  const late = () => {
    isPast = true;
    cancel();
  };
  const timer =
    deadline === undefined ? undefined : setTimeout(late, Math.max(0, deadline - performance.now()));
  if (signal?.aborted) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  return {
    isDeadline: () => isPast,
    async end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      await cancelling;
      clearTimeout(giveUp);
    },
  };
}

/**
 * Sends the protocol's own request, over a connection of its own: a statement that would do it could find no free connection. PostgreSQL
 * closes that connection once it has told the process that runs the statement: then this resolves, or if that takes too long.
 */
function sendCancel({ processID, secretKey, host, port }: Internals, config: pg.ClientConfig): Promise<void> {
  if (processID === null) return Promise.resolve();
  const { connection, ssl, sslNegotiation } = new pg.Client(config) as unknown as Internals;
  const { promise, resolve } = Promise.withResolvers<void>();
  const giveUp = setTimeout(() => connection.stream.destroy(), CANCEL_MS);
  const send = () => connection.cancel(processID, secretKey);
  connection.on('error', () => {});
  connection.on('end', () => {
    clearTimeout(giveUp);
    resolve();
  });
  connection.on('connect', () => {
    if (!ssl) send();
    else if (sslNegotiation !== 'direct') connection.requestSsl();
  });
  connection.on('sslconnect', send);
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
  return promise;
}
