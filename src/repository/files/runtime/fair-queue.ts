interface Lane<Item> {
  readonly owner: unknown;
  readonly items: Item[];
}

/**
 * Items that wait, taken in turn from each of their owners: an owner with many items does not hold up the
 * only item of another. The items of one owner are taken in the order in which they were added.
 */
export class FairQueue<Item> {
  readonly #lanes: Lane<Item>[] = [];
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get size(): number {
    return this.#size;
  }

  add(owner: unknown, item: Item): void {
    const lane = this.#laneOf(owner);
    if (lane) lane.items.push(item);
    else this.#lanes.push({ owner, items: [item] });
    this.#size += 1;
  }

  /** Takes the first item of the next owner; with `isReady`, of the next owner whose first item is. */
  take(isReady?: (item: Item) => boolean): Item | undefined {
    const place = isReady ? this.#lanes.findIndex(({ items }) => isReady(items[0]!)) : 0;
    const [lane] = place === -1 ? [] : this.#lanes.splice(place, 1);
    if (!lane) return undefined;
    const item = lane.items.shift();
    this.#size -= 1;
    if (lane.items.length > 0) this.#lanes.push(lane);
    return item;
  }

  remove(owner: unknown, item: Item): void {
    const lane = this.#laneOf(owner);
    const place = lane ? lane.items.indexOf(item) : -1;
    if (!lane || place === -1) return;
    lane.items.splice(place, 1);
    this.#size -= 1;
    if (lane.items.length === 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }

  sizeOf(owner: unknown): number {
    return this.#laneOf(owner)?.items.length ?? 0;
  }

  /** The last item of the owner with the most, if those are more than `owner` would have with another one. */
  lastOfLongest(owner: unknown): Item | undefined {
    let most = this.sizeOf(owner) + 1;
    let last: Item | undefined;
    for (const { items } of this.#lanes) {
      if (items.length <= most) continue;
      most = items.length;
      last = items.at(-1);
    }
    return last;
  }

  #laneOf(owner: unknown): Lane<Item> | undefined {
    return this.#lanes.find((each) => each.owner === owner);
  }
}
