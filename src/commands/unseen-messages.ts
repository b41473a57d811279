import type { SessionChange, SessionChanges } from '@sessiontree/client';

/**
 * Leaves out messages that were shown. Messages are read after the changes: the last ones can come again with later batches, until a batch
 * is up to date.
 */
export class UnseenMessages {
  /** How much of each history was shown. */
  #shown = new Map<string, number>();
  /** Of that, what the current batch has shown. */
  #shownNow = new Map<string, number>();

  /** How many sessions it remembers. */
  get size(): number {
    return this.#shown.size;
  }

  /** The changes of a batch, without those of whose messages all were shown. */
  of({ changes, isUpToDate }: SessionChanges): SessionChange[] {
    this.#shownNow = new Map();
    const unseen = changes.flatMap((change) => this.#unseen(change) ?? []);
    // All that was read ahead by earlier batches has come again by now.
    if (isUpToDate) this.#shown = this.#shownNow;
    return unseen;
  }

  #unseen(change: SessionChange): SessionChange | null {
    const { kind, sessionId } = change;
    if (kind === 'TRUNCATED' || kind === 'LEFT' || kind === 'DELETED') this.#forget(sessionId);
    if (kind !== 'APPENDED' || change.messages.length === 0) return change;
    const shown = this.#shown.get(sessionId) ?? 0;
    const messages = change.messages.filter(({ position }) => position >= shown);
    const end = change.messages.at(-1)!.position + 1;
    this.#shown.set(sessionId, end);
    this.#shownNow.set(sessionId, end);
    return messages.length === 0 ? null : { ...change, messages };
  }

  #forget(sessionId: string): void {
    this.#shown.delete(sessionId);
    this.#shownNow.delete(sessionId);
  }
}
