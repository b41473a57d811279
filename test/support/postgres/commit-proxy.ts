import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { reset } from '../reset.ts';

/** Where a connection is cut: before PostgreSQL gets COMMIT, once it has got it, or once it has answered; the client gets no answer. */
export const CUTS = ['before', 'sent', 'committed'] as const;
export type Cut = (typeof CUTS)[number];

/** The texts of the protocol that are looked for: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const QUERY = 'Q'.charCodeAt(0);
const PARSE = 'P'.charCodeAt(0);
const COMMAND_COMPLETE = 'C'.charCodeAt(0);
const COMMIT = /^(?:[^\0]*\0)?COMMIT\0/;

/** A network in front of a PostgreSQL that loses connections at COMMIT. */
export class CommitProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #next: () => Cut | null;
  readonly #sockets = new Set<Socket>();
  readonly cuts: Record<Cut, number> = { before: 0, sent: 0, committed: 0 };

  private constructor(target: number, next: () => Cut | null) {
    this.#target = target;
    this.#next = next;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens on a free port, for the server at `target`. `next` is asked at each COMMIT whether to cut its connection. */
  static async open(target: number, next: () => Cut | null): Promise<CommitProxy> {
    const proxy = new CommitProxy(target, next);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket.setNoDelay(true));
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    let cut: Cut | null = null;
    const lose = (where: Cut) => {
      this.cuts[where] += 1;
      reset(client);
      server.destroy();
    };
    // The first message of a client has no type.
    const fromClient = new Messages(false, (type, message) => {
      if (cut === null && isCommit(type, message)) cut = this.#next();
      if (cut === 'before') return lose(cut);
      server.write(message);
      // The request is in the socket's buffer: the server gets it, and its answer goes nowhere.
      if (cut === 'sent') server.end(() => lose('sent'));
    });
    const fromServer = new Messages(true, (type, message) => {
      if (cut === 'committed' && type === COMMAND_COMPLETE && message.includes('COMMIT\0', 5))
        return lose(cut);
      client.write(message);
    });
    client.on('data', (chunk) => fromClient.add(chunk));
    server.on('data', (chunk) => fromServer.add(chunk));
  }
}

function isCommit(type: number, message: Buffer): boolean {
  if (type === QUERY) return message.toString('latin1', 5) === 'COMMIT\0';
  return type === PARSE && COMMIT.test(message.toString('latin1', 5, 100));
}

/** Cuts a stream into the messages of the protocol: a type, except at the beginning, a length, and what it is about. */
class Messages {
  readonly #told: (type: number, message: Buffer) => void;
  #hasType: boolean;
  #rest: Buffer = Buffer.alloc(0);

  constructor(hasType: boolean, told: (type: number, message: Buffer) => void) {
    this.#hasType = hasType;
    this.#told = told;
  }

  add(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.#hasType ? 1 : 0;
      if (this.#rest.length < head + 4) return;
      const length = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < length) return;
      const message = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      this.#told(this.#hasType ? message[0]! : 0, message);
      this.#hasType = true;
    }
  }
}
