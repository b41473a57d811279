import { type ChangesEvent, type ChangesScope, readChanges, readNothing } from './changes.ts';
import { ChangesPosition } from './changes-position.ts';
import { Condition, type PullSource } from './pull-source.ts';

/**
 * What changes in a tree, from a cursor on, as long as somebody asks. The source holds a cursor and the id of a root: the events that a slow
 * client has not asked for are not made.
 */
export class ChangesSource implements PullSource<ChangesEvent> {
  readonly #scope: ChangesScope;
  readonly #position: ChangesPosition;
  readonly #condition = new Condition();
  /** The root of the tree as of the position's cursor; null if there is none, or it is not known. */
  #rootId: string | null = null;
  readonly #closed = new AbortController();
  #isOver = false;
  #unsubscribe: (() => void) | undefined;

  /** `after` is a cursor, or null for the changes from now on. */
  constructor(scope: ChangesScope, after: string | null) {
    this.#scope = scope;
    this.#position = new ChangesPosition(after);
  }

  async next(): Promise<ChangesEvent | null> {
    const { signal } = this.#closed;
    // Before the first read: what is committed after that read notifies.
    if (!signal.aborted) this.#unsubscribe ??= this.#scope.repository.onChange(this.#condition.notify);
    while (!signal.aborted && !this.#isOver) {
      const event = await this.#read(signal);
      if (event === null) return null;
      if (this.#position.pass(event)) return this.#send(event);
      if (event.isUpToDate) await this.#condition.wait(this.#position.untilBookmark);
    }
    this.close();
    return null;
  }

  /** Null if the source was closed meanwhile. */
  async #read(signal: AbortSignal): Promise<ChangesEvent | null> {
    try {
      const scope = this.#scope;
      const { cursor: after } = this.#position;
      const nothing = this.#rootId && after && (await readNothing(scope, after, this.#rootId));
      if (nothing) return signal.aborted ? null : nothing;
      const event = await readChanges(scope, { after, signal });
      this.#rootId = event.rootId;
      return event;
    } catch (error) {
      if (signal.aborted) return null;
      this.close();
      throw error;
    }
  }

  #send(event: ChangesEvent): ChangesEvent {
    this.#position.sent(event);
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
    this.#condition.notify();
  }
}
