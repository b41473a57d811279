import { Observable } from '../parts/observable.ts';
import { OpenTranscript } from '../transcript/open-transcript.ts';
import { OpenTree } from '../tree/open-tree.ts';
import { readCommonLength } from './read-common-length.ts';

/** One of the two sessions. */
export interface Side {
  readonly id: string;
  readonly tree: OpenTree;
  readonly transcript: OpenTranscript;
}

/** Two sessions that are compared, and how much they have in common. It follows the store. */
export class Comparison extends Observable {
  readonly sides: readonly [Side, Side];
  /** Null until it is known. */
  common: number | null = null;
  /** One of the two was deleted. */
  isGone = false;
  error: Error | null = null;
  readonly #trees: ReadonlySet<OpenTree>;
  #counting = new AbortController();

  /** The ids of the sessions, each with that of its root. */
  constructor([a, b]: readonly [IdAndRoot, IdAndRoot]) {
    super();
    const treeOfA = new OpenTree(a.rootId);
    const treeOfB = b.rootId === a.rootId ? treeOfA : new OpenTree(b.rootId);
    this.#trees = new Set([treeOfA, treeOfB]);
    this.sides = [sideOf(a.id, treeOfA), sideOf(b.id, treeOfB)];
    for (const { tree, transcript, id } of this.sides)
      tree.watch((changes, isReset) => {
        transcript.take(changes, isReset);
        const isOld = changes.some(
          ({ sessionId, fromPosition }) =>
            sessionId === id && fromPosition !== null && fromPosition <= (this.common ?? 0),
        );
        const isDeleted = changes.some(({ kind, sessionId }) => kind === 'DELETED' && sessionId === id);
        if (isOld || isReset || isDeleted) void this.count();
      });
    void this.count();
  }

  /** Finds out where the two part. */
  async count(): Promise<void> {
    this.#counting.abort();
    this.#counting = new AbortController();
    const { signal } = this.#counting;
    try {
      this.common = await readCommonLength([this.sides[0].id, this.sides[1].id], signal);
      this.isGone = this.common === null;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error as Error;
    }
    this.changed();
  }

  close(): void {
    this.#counting.abort();
    for (const { transcript } of this.sides) transcript.close();
    for (const tree of this.#trees) tree.close();
  }
}

export interface IdAndRoot {
  readonly id: string;
  readonly rootId: string;
}

function sideOf(id: string, tree: OpenTree): Side {
  return { id, tree, transcript: new OpenTranscript(id) };
}
