import { access } from '../api/access.ts';
import { Observable } from '../parts/observable.ts';

/** Where the title is changed: in the row of the tree, or in the bar of the session. */
export type RenamingPlace = 'row' | 'bar';

/** Which session is being renamed, in place. */
class Renaming extends Observable {
  #sessionId: string | null = null;
  #place: RenamingPlace = 'bar';

  isAt(sessionId: string, place: RenamingPlace): boolean {
    return this.#sessionId === sessionId && this.#place === place;
  }

  start(sessionId: string, place: RenamingPlace): void {
    if (!access.mayWrite) return;
    this.#sessionId = sessionId;
    this.#place = place;
    this.changed();
  }

  end(): void {
    this.#sessionId = null;
    this.changed();
  }
}

export const renaming = new Renaming();
