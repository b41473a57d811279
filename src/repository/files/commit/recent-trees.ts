/** Changes that are remembered: more than happen between two looks of a reader that keeps up. */
const REMEMBERED_MAX = 16_384;

/** In which trees something happened lately, by the numbers of mutations. */
export class RecentTrees {
  readonly #seqs = new Float64Array(REMEMBERED_MAX);
  readonly #rootIds: string[] = [];
  #count = 0;
  /** Of what happened up to this number, nothing is known. */
  #knownAfter: number;

  /** `lastSeq` is the highest number so far. */
  constructor(lastSeq: number) {
    this.#knownAfter = lastSeq;
  }

  /** Mutation `seq` changes only sessions in the tree of the root `rootId`, and moves none. Call in the order of the numbers. */
  add(seq: number, rootId: string): void {
    const latest = (this.#count - 1) % REMEMBERED_MAX;
    if (this.#count > 0 && this.#rootIds[latest] === rootId) {
      this.#seqs[latest] = seq;
      return;
    }
    const place = this.#count % REMEMBERED_MAX;
    if (this.#count >= REMEMBERED_MAX) this.addUnknown(this.#seqs[place]!);
    this.#seqs[place] = seq;
    this.#rootIds[place] = rootId;
    this.#count += 1;
  }

  /** Mutation `seq` may change any tree. Call before any of its effects can be seen. */
  addUnknown(seq: number): void {
    this.#knownAfter = Math.max(this.#knownAfter, seq);
  }

  /** The roots of all trees in which something happened after `seq`; null if that is not known. */
  since(seq: number): ReadonlySet<string> | null {
    if (seq < this.#knownAfter) return null;
    const rootIds = new Set<string>();
    for (let n = this.#count - 1; n >= 0 && n >= this.#count - REMEMBERED_MAX; n -= 1) {
      if (this.#seqs[n % REMEMBERED_MAX]! <= seq) break;
      rootIds.add(this.#rootIds[n % REMEMBERED_MAX]!);
    }
    return rootIds;
  }
}
