import pg from 'pg';
import { v4 } from 'uuid';
import type { Logger } from '../../observer.ts';
import type { Database } from '../connection/database.ts';

/** The channel of LISTEN and NOTIFY. */
const NAME = 'sessiontree';
/** Milliseconds between two statements that send: PostgreSQL takes one that notifies after the other, in the whole cluster. */
const GATHER_MS = 10;
/** Milliseconds until a lost connection is made again: the first time, and at most. */
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 5_000;

const NOTIFY = `SELECT pg_notify('${NAME}', payload) FROM unnest($1::text[]) AS payload`;

export interface ChannelOptions {
  readonly database: Database;
  /** Where to listen; null: nothing is heard. */
  readonly url: string | null;
  readonly logger: Logger;
}

export interface ChannelListener {
  /** Another instance has sent this. `sender` tells instances apart. */
  heard(message: string, sender: string): void;
  /** Called whenever a connection has begun to listen: earlier messages may have been missed. */
  hearing(): void;
}

/** Passes short messages between the instances of a store: within milliseconds and in order, but some may be lost. */
export class Channel {
  readonly #options: ChannelOptions;
  /** In front of each message: an instance hears itself. */
  readonly #instance = `${v4()} `;
  readonly #listeners: ChannelListener[] = [];
  #waiting = new Set<string>();
  #isSending = false;
  #client: pg.Client | null = null;
  #retry: NodeJS.Timeout | undefined;
  #backoff = BACKOFF_MIN_MS;
  #state: 'silent' | 'listening' | 'closed' = 'silent';

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** For as long as the channel is there. */
  add(listener: ChannelListener): void {
    this.#listeners.push(listener);
  }

  /** Begins to hear, and does so until `close`: a connection that is lost is made again. True if others are heard already. */
  listen(): boolean {
    if (this.#state === 'silent') {
      this.#state = 'listening';
      void this.#connect();
    }
    return this.#client !== null;
  }

  /** Sends a message below 7,900 bytes of UTF-8, together with others. One that waits to be sent already is sent once. */
  send(message: string): void {
    this.#waiting.add(message);
    if (this.#isSending || this.#state === 'closed') return;
    this.#isSending = true;
    void this.#sendAll();
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#retry);
    await this.#client?.end().catch(() => {});
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.size > 0 && this.#state !== 'closed') {
      const payloads = [...this.#waiting].map((message) => this.#instance + message);
      this.#waiting = new Set();
      try {
        // The channel's connection is idle between notices. Without it, this waits for one of the pool.
        if (this.#client) await this.#client.query(NOTIFY, [payloads]);
        else await this.#options.database.rows(NOTIFY, [payloads]);
      } catch (err) {
        // Changes are found by polling; listeners of broadcasts find the gap.
        this.#options.logger.debug({ err }, 'a notice to other instances was not sent');
      }
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS).unref());
    }
    this.#isSending = false;
  }

  async #connect(): Promise<void> {
    const { url, database, logger } = this.#options;
    if (url === null) return;
    const client = new pg.Client(database.config(url));
    let isOver = false;
    const again = (err?: unknown) => {
      if (isOver) return;
      isOver = true;
      if (this.#client === client) this.#client = null;
      void client.end().catch(() => {});
      if (this.#state === 'closed') return;
      logger.debug({ err }, 'the connection for notices was lost');
      const pause = this.#backoff * (0.5 + Math.random());
      this.#backoff = Math.min(BACKOFF_MAX_MS, this.#backoff * 2);
      this.#retry = setTimeout(() => void this.#connect(), pause).unref();
    };
    client.on('error', again);
    client.on('end', () => again());
    client.on('notification', ({ payload = '' }) => this.#heard(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${NAME}`);
    } catch (error) {
      again(error);
      return;
    }
    if (isOver) return;
    if (this.#state === 'closed') {
      isOver = true;
      await client.end().catch(() => {});
      return;
    }
    this.#client = client;
    this.#backoff = BACKOFF_MIN_MS;
    for (const listener of this.#listeners) listener.hearing();
  }

  #heard(payload: string): void {
    if (this.#state !== 'listening' || payload.startsWith(this.#instance)) return;
    const head = payload.indexOf(' ');
    for (const listener of this.#listeners) listener.heard(payload.slice(head + 1), payload.slice(0, head));
  }
}
