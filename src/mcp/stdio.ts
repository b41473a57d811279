import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import { DEFAULT_LIMITS } from '../model/limits.ts';
import { WholeLines } from './whole-lines.ts';

/**
 * Standard input and output as a transport that knows when all requests are answered: a client that has sent its last request may close
 * standard input at once. Nothing else may write to standard output.
 */
export class Stdio implements Transport {
  /** A line may be as long as a request to a server. */
  readonly #lines = new WholeLines(DEFAULT_LIMITS.bodyBytes);
  // `WholeLines` bounds what is read. Several lines may come at once.
  readonly #inner = new StdioServerTransport(this.#lines, process.stdout, { maxBufferSize: Infinity });
  readonly #open = new Set<RequestId>();
  #onAnswered = () => {};
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  async start(): Promise<void> {
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onmessage = (message) => {
      if ('method' in message && 'id' in message) this.#open.add(message.id);
      else if ('method' in message && message.method === 'notifications/cancelled')
        this.#settle(message.params?.requestId as RequestId);
      this.onmessage?.(message);
    };
    await this.#inner.start();
    process.stdin.on('error', (error) => this.#lines.destroy(error)).pipe(this.#lines);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#inner.send(message);
    if (!('method' in message) && message.id !== undefined) this.#settle(message.id);
  }

  async close(): Promise<void> {
    process.stdin.unpipe(this.#lines).pause();
    await this.#inner.close();
  }

  /**
   * Resolves once nothing more can be read from the client and every request is answered, or once nobody reads the answers. Nothing more can be
   * read once the client has closed standard input or has sent a line that is too long, which `onerror` gets.
   */
  async ended(): Promise<void> {
    const unread = once(process.stdout, 'error');
    const read = finished(this.#lines).catch(() => {});
    await Promise.race([read.then(() => this.#answered()), unread]);
  }

  async #answered(): Promise<void> {
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAnswered = resolve;
    await promise;
  }

  #settle(id: RequestId): void {
    this.#open.delete(id);
    if (this.#open.size === 0) this.#onAnswered();
  }
}
