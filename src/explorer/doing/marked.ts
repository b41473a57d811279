import { addressBar } from '../address.ts';
import { Observable } from '../parts/observable.ts';
import { comparison } from './session-actions.ts';

/** The session that was marked by a click with Ctrl or ⌘: the next one is compared with it. */
class Marked extends Observable {
  #id: string | null = null;

  get id(): string | null {
    return this.#id;
  }

  mark(id: string): void {
    const first = this.#id;
    this.#id = first === null ? id : null;
    if (first !== null && first !== id) addressBar.go(comparison(first, id));
    this.changed();
  }
}

export const marked = new Marked();
