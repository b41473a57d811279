import { type ChangesEvent, type ChangesScope, readChanges } from './changes.ts';
import { Alarm, type PullSource } from './pull-source.ts';

/** Milliseconds after which a client gets a bookmark, an event without changes, if its cursor has moved on. */
const BOOKMARK_MS = 25_000;

/**
 * What changes in a tree, from a cursor on, as long as somebody asks. The source holds a cursor and nothing else: the events that a slow
 * client has not asked for are not made.
 */
export class ChangesSource implements PullSource<ChangesEvent> {
  readonly #scope: ChangesScope;
  readonly #alarm = new Alarm();
  readonly #closed = new AbortController();
  #cursor: string | null;
  /** The cursor that the client has. */
  #sentCursor: string | null;
  #sentAt = performance.now();
  /** True once the client was told that it has seen everything. */
  #isCaughtUp = false;
  #isOver = false;
  #unsubscribe: (() => void) | undefined;

  /** `after` is a cursor, or null for the changes from now on. */
  constructor(scope: ChangesScope, after: string | null) {
    this.#scope = scope;
    this.#cursor = after;
    this.#sentCursor = after;
  }

  async next(): Promise<ChangesEvent | null> {
    const { signal } = this.#closed;
    // Before the first read: what is committed after that read rings.
    if (!signal.aborted) this.#unsubscribe ??= this.#scope.repository.onChange(this.#alarm.wake);
    while (!signal.aborted && !this.#isOver) {
      const event = await this.#read(signal);
      if (event === null) return null;
      this.#cursor = event.cursor;
      if (this.#isDue(event)) return this.#send(event);
      if (event.isUpToDate) await this.#alarm.wait(this.#untilBookmark());
    }
    this.close();
    return null;
  }

  /** Null if the source was closed meanwhile. */
  async #read(signal: AbortSignal): Promise<ChangesEvent | null> {
    try {
      return await readChanges(this.#scope, { after: this.#cursor, signal });
    } catch (error) {
      if (signal.aborted) return null;
      this.close();
      throw error;
    }
  }

  #isDue({ changes, isReset, isOver, isUpToDate }: ChangesEvent): boolean {
    if (changes.length > 0 || isReset || isOver) return true;
    return (isUpToDate && !this.#isCaughtUp) || this.#untilBookmark() <= 0;
  }

  /** Milliseconds; infinite while the client has the latest cursor. */
  #untilBookmark(): number {
    if (this.#cursor === this.#sentCursor) return Number.POSITIVE_INFINITY;
    return this.#sentAt + BOOKMARK_MS - performance.now();
  }

  #send(event: ChangesEvent): ChangesEvent {
    this.#cursor = event.cursor;
    this.#sentCursor = event.cursor;
    this.#sentAt = performance.now();
    this.#isCaughtUp ||= event.isUpToDate;
    this.#isOver = event.isOver;
    const smaller = async () => {
      const part = await event.smaller();
      return part && this.#send(part);
    };
    return { ...event, smaller };
  }

  close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#closed.abort();
    this.#alarm.wake();
  }
}
