import { Observable } from '../parts/observable.ts';

/** What was done, or why not. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isFault: boolean;
  /** Takes back what was done; null where that is not possible. */
  readonly undo: (() => Promise<void>) | null;
}

/** How long a toast stays. A fault has more words. */
const SHOWN_MS = 8_000;
const FAULT_SHOWN_MS = 20_000;

/** More of them would cover the page. */
const SHOWN = 3;

/** The toasts that are shown. */
class Toasts extends Observable {
  #all: readonly Toast[] = [];
  #count = 0;

  get all(): readonly Toast[] {
    return this.#all;
  }

  done(text: string, undo: Toast['undo'] = null): void {
    this.#add({ text, isFault: false, undo });
  }

  failed(error: unknown): void {
    this.#add({ text: (error as Error).message, isFault: true, undo: null });
  }

  close(id: number): void {
    this.#all = this.#all.filter((toast) => toast.id !== id);
    this.changed();
  }

  #add(toast: Omit<Toast, 'id'>): void {
    this.#count += 1;
    const id = this.#count;
    this.#all = [...this.#all, { ...toast, id }].slice(-SHOWN);
    setTimeout(() => this.close(id), toast.isFault ? FAULT_SHOWN_MS : SHOWN_MS);
    this.changed();
  }
}

export const toasts = new Toasts();

/** Does what a person asked for. A refusal is shown in a toast; resolves to null then. */
export async function attempt<Result>(act: () => Promise<Result>): Promise<Result | null> {
  try {
    return await act();
  } catch (error) {
    toasts.failed(error);
    return null;
  }
}
