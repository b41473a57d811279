import type { Draft, DraftUpdate, SeenOfDraft } from './draft.ts';
import { Condition, type PullSource } from './pull-source.ts';

/**
 * Watches the drafts of one session. Of each draft, the watcher holds only how much it has seen: one that takes its updates slowly gets
 * fewer and larger ones.
 */
export class DraftWatcher implements PullSource<DraftUpdate> {
  readonly #condition = new Condition();
  readonly #onClose: (watcher: DraftWatcher) => void;
  /** The drafts with something unseen, that which has waited longest first. */
  readonly #unseen: Set<Draft>;
  readonly #seen = new Map<Draft, SeenOfDraft>();
  #isClosed = false;

  /** `drafts` are those that are said just now. */
  constructor(drafts: Iterable<Draft>, onClose: (watcher: DraftWatcher) => void) {
    this.#unseen = new Set(drafts);
    this.#onClose = onClose;
  }

  /** To be called whenever `draft` has changed. */
  changed(draft: Draft): void {
    this.#unseen.add(draft);
    this.#condition.notify();
  }

  hasUnseen(draft: Draft): boolean {
    return this.#unseen.has(draft);
  }

  async next(): Promise<DraftUpdate | null> {
    while (!this.#isClosed) {
      const [draft] = this.#unseen;
      if (draft) return this.#take(draft);
      await this.#condition.wait();
    }
    return null;
  }

  #take(draft: Draft): DraftUpdate {
    this.#unseen.delete(draft);
    const update = draft.updateSince(this.#seen.get(draft));
    if (draft.isDone) this.#seen.delete(draft);
    else this.#seen.set(draft, draft.seen());
    return update;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unseen.clear();
    this.#seen.clear();
    this.#onClose(this);
    this.#condition.notify();
  }
}
