import type { Socket } from 'node:net';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Caller } from '../../model/caller.ts';
import type { Limits } from '../../model/limits.ts';
import { hasMoreValues } from '../count-values.ts';
import type { Refusal } from '../refusal.ts';
import type { RequestFacts } from '../request-facts.ts';
import type { RequestHead } from '../request-head.ts';
import { StreamConnection } from './stream-connection.ts';

/** The client may come back at once. 1012 and 1013 are in the registry of RFC 6455. */
const SERVICE_RESTART = 1012;
/** The client may come back, and goes on from its last cursor. */
const TRY_AGAIN_LATER = 1013;
const BAD_REQUEST = 4400;
/** As graphql-ws has it: its client does not connect again. */
const UNAUTHORIZED = 4401;
/** As graphql-ws has it: its client connects again, and may have another token then. */
const FORBIDDEN = 4403;

const TOO_MANY = 429;

const NOTHING = () => {};

/** Milliseconds after which a connection counts as broken whose client answers no ping. */
const SILENT_MS = 60_000;

/** A connection is read no further while the messages that are being answered have this many bytes together. */
const PENDING_BYTES_MAX = 1024 * 1024;

/** An operation of a WebSocket, as its connection counts it. */
export interface OperationUnderWay {
  /** Of its message. */
  readonly bytes: number;
  /** To be called once the message is not needed any more. */
  readonly read: () => void;
  readonly end: () => void;
}

/** The request that opened a WebSocket. */
export interface OpenedBy {
  readonly head: RequestHead;
  readonly facts: RequestFacts;
  /** Null if the client is still to say who it is. */
  readonly caller: Caller | null;
}

/** A WebSocket: the client's side of graphql-ws's protocol, with limits on what the client sends and does not read. */
export class SocketConnection extends StreamConnection implements ProtocolSocket {
  readonly head: RequestHead;
  caller: Caller | null;
  readonly facts: RequestFacts;
  readonly #ws: WebSocket;
  readonly #limits: Limits;
  /** Bytes of the message that is being handed to the protocol. */
  messageBytes = 0;
  #release: () => void = NOTHING;
  /** Operations that have not ended. */
  operations = 0;
  #pendingBytes = 0;
  #isPaused = false;
  #heardAt = performance.now();
  /** Called once the client has read. */
  #waiting: (() => void)[] = [];

  constructor(ws: WebSocket, socket: Socket, { head, facts, caller }: OpenedBy, limits: Limits) {
    super(socket);
    this.#ws = ws;
    this.facts = facts;
    this.caller = caller;
    this.head = head;
    this.#limits = limits;
    this.socket.on('drain', () => this.#drained());
    ws.once('close', () => this.#release());
    ws.on('pong', () => this.#heard());
    ws.on('ping', () => {
      this.#heard();
      this.#pace();
    });
  }

  /** Calls `release` once the connection is closed. */
  onceClosed(release: () => void): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#release = release;
    else release();
  }

  get protocol(): string {
    return this.#ws.protocol;
  }

  get isReady(): boolean {
    return this.socket.writableLength < this.socket.writableHighWaterMark;
  }

  onceReady(listener: () => void): void {
    this.#waiting.push(listener);
  }

  onMessage(handle: (message: string) => Promise<void>): void {
    this.#ws.on('message', (data: Buffer, isBinary) => {
      this.#heard();
      if (isBinary) return this.close(BAD_REQUEST, 'Expected messages of text');
      if (hasMoreValues(data, this.#limits.bodyValues))
        return this.close(BAD_REQUEST, 'Expected fewer JSON values (the limit bodyValues)');
      this.messageBytes = data.length;
      handle(data.toString()).catch(() => this.close(BAD_REQUEST, 'Expected a message of a client'));
      this.#pace();
    });
  }

  send(message: string): Promise<void> {
    this.write(message);
    return Promise.resolve();
  }

  /** Sends a message. `written` is called once the client has read it, or has gone. */
  write(message: string | Buffer, written?: () => void): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(message, { binary: false }, written);
    else written?.();
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  /** Counts the operation of the message that is being handed to the protocol: its bytes until `read`, and the operation until `end`. */
  begin(): OperationUnderWay {
    const bytes = this.messageBytes;
    this.operations += 1;
    this.#pendingBytes += bytes;
    let isPending = true;
    let isUnderWay = true;
    const read = () => {
      if (!isPending) return;
      isPending = false;
      this.#pendingBytes -= bytes;
      this.#pace();
    };
    const end = () => {
      if (!isUnderWay) return;
      isUnderWay = false;
      this.operations -= 1;
      read();
    };
    return { bytes, read, end };
  }

  /** Reads on only while the client reads, and while few bytes are being answered: nothing else bounds what a client sends. */
  #pace(): void {
    const isPaused = !this.isReady || this.#pendingBytes > PENDING_BYTES_MAX;
    if (isPaused === this.#isPaused || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#ws.pause();
    else this.#ws.resume();
  }

  #drained(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
    this.#pace();
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  ping(): void {
    if (performance.now() - this.#heardAt > SILENT_MS + this.#limits.writeMs) this.#ws.terminate();
    else if (this.#ws.readyState === this.#ws.OPEN && this.isReady) this.#ws.ping();
  }

  giveUp(): void {
    this.close(TRY_AGAIN_LATER, 'The client reads nothing: resume from the last cursor');
  }

  stop(): void {
    this.close(SERVICE_RESTART, 'The server stops: come back');
  }

  expel(): void {
    this.close(FORBIDDEN, 'The token has expired or was revoked');
  }

  /** Closes the connection of a client that may not use it. `hasToken`: it sent a token. */
  refuse({ status, code, message }: Refusal, hasToken: boolean): void {
    this.facts.errorCodes = [code];
    this.facts.messages = [message];
    if (status === TOO_MANY) this.close(TRY_AGAIN_LATER, 'The caller has used what it may: try again later');
    else if (status >= 500) this.close(TRY_AGAIN_LATER, 'Tokens cannot be checked now: try again later');
    else if (hasToken) this.close(FORBIDDEN, 'Expected a valid token');
    else this.close(UNAUTHORIZED, 'Expected a token in the payload of ConnectionInit');
  }
}
