import { useEffect, useReducer } from 'preact/hooks';

/** State that lives outside of components: they are drawn again after each change. */
export class Observable {
  readonly #listeners = new Set<() => void>();
  #isScheduled = false;

  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells of a change. All changes of one turn of the event loop are told once. */
  protected changed(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

/** Draws the component again whenever `observable` changes. */
export function useObservable<Kind extends Observable>(observable: Kind): Kind {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    // Something may have changed between the drawing and this effect.
    draw(null as never);
    return observable.subscribe(() => draw(null as never));
  }, [observable]);
  return observable;
}
