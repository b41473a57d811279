import { SMALL_BYTES } from '../admission/small.ts';

/** The last event of a stream that is over, as graphql-sse's "distinct connections mode" has it. */
export const COMPLETE_FRAME = Buffer.from('event: complete\ndata:\n\n');

/** An answer of a subscription, made once for all who get it. */
export class LiveEvent {
  /** The result as JSON. */
  readonly json: Buffer;
  /** The cursor of the event; null if the subscription cannot go on from one. */
  readonly #id: string | null;
  #frame: Buffer | undefined;
  readonly #onDone: () => void;
  /** How many clients have not read the event yet, if it is large. */
  #unread = 0;
  #isSealed = false;

  /** `onDone` is called once the event is sealed, and all clients have read it. */
  constructor(json: Buffer, id: string | null, onDone: () => void = () => {}) {
    this.json = json;
    this.#id = id;
    this.#onDone = onDone;
  }

  /** To be called for each write of the event. Gives what is to be called once the client has read it; undefined for a small event. */
  written(): (() => void) | undefined {
    if (this.json.length <= SMALL_BYTES) return undefined;
    this.#unread += 1;
    return () => {
      this.#unread -= 1;
      this.#check();
    };
  }

  /** To be called once the event is written to all clients that get it. */
  seal(): void {
    this.#isSealed = true;
    this.#check();
  }

  #check(): void {
    if (this.#isSealed && this.#unread === 0) this.#onDone();
  }

  /** The event in a stream of server-sent events. JSON has no line breaks: each would need another "data:". */
  get frame(): Buffer {
    const id = this.#id === null ? '' : `id: ${this.#id}\n`;
    this.#frame ??= Buffer.concat([Buffer.from(`event: next\n${id}data: `), this.json, Buffer.from('\n\n')]);
    return this.#frame;
  }
}
