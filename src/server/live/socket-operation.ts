import type { ExecutionResult, GraphQLError } from 'graphql';
import type { LiveEvent } from './live-event.ts';
import type { Outlet } from './outlet.ts';
import type { SocketConnection } from './socket-connection.ts';

const AFTER_PAYLOAD = Buffer.from('}');

/**
 * An operation over WebSocket. For graphql-ws it is an iterator without results, which ends when the operation ends: the results are
 * written past it, as the text that other subscribers get, too.
 */
export class SocketOperation implements Outlet, AsyncIterableIterator<ExecutionResult, undefined, undefined> {
  readonly #connection: SocketConnection;
  readonly #id: string;
  readonly #beforePayload: Buffer;
  readonly #over = Promise.withResolvers<{ done: true; value: undefined }>();
  readonly #onEnd: () => void;
  #isOver = false;
  events = 0;

  /** `onEnd` is called once, when the operation ends, whoever ends it. */
  constructor(connection: SocketConnection, id: string, onEnd: (operation: SocketOperation) => void) {
    this.#connection = connection;
    this.#id = id;
    this.#beforePayload = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
    this.#onEnd = () => onEnd(this);
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  onceReady(listener: () => void): void {
    this.#connection.onceReady(listener);
  }

  send(event: LiveEvent): void {
    this.sendNext([event.json], event.written());
  }

  /** Sends a result, whose JSON may be in pieces. */
  sendNext(json: readonly Buffer[], written?: () => void): void {
    if (this.#isOver) {
      written?.();
      return;
    }
    this.events += 1;
    this.#connection.write(Buffer.concat([this.#beforePayload, ...json, AFTER_PAYLOAD]), written);
  }

  /** Ends the operation with errors in the place of a result. */
  fail(errors: readonly object[], forget: () => void): void {
    if (this.#isOver) return;
    this.#connection.write(JSON.stringify({ id: this.#id, type: 'error', payload: errors }));
    // Otherwise graphql-ws would send that the operation is complete.
    forget();
    this.complete();
  }

  complete(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over.resolve({ done: true, value: undefined });
    this.#onEnd();
  }

  next(): Promise<{ done: true; value: undefined }> {
    return this.#over.promise;
  }

  /** Called by graphql-ws when the client has ended the operation, or has gone. */
  return(): Promise<{ done: true; value: undefined }> {
    this.complete();
    return this.#over.promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The errors of an operation that was refused, as a client sees them. */
export function shownErrors(errors: readonly GraphQLError[]): object[] {
  return errors.map((error) => {
    const { extensions: { http: _, ...extensions } = {}, ...shown } = error.toJSON();
    return { ...shown, extensions };
  });
}
