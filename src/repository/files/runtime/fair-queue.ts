/**
 * Items that wait, taken in turn from each of their owners: an owner with many items does not hold up the
 * only item of another. The items of one owner are taken in the order in which they were added.
 */
export class FairQueue<Item> {
  readonly #lanes: { readonly owner: unknown; readonly items: Item[] }[] = [];

  get isEmpty(): boolean {
    return this.#lanes.length === 0;
  }

  add(owner: unknown, item: Item): void {
    const lane = this.#lanes.find((each) => each.owner === owner);
    if (lane) lane.items.push(item);
    else this.#lanes.push({ owner, items: [item] });
  }

  take(): Item | undefined {
    const lane = this.#lanes.shift();
    if (!lane) return undefined;
    const item = lane.items.shift();
    if (lane.items.length > 0) this.#lanes.push(lane);
    return item;
  }

  remove(owner: unknown, item: Item): void {
    const lane = this.#lanes.find((each) => each.owner === owner);
    const place = lane ? lane.items.indexOf(item) : -1;
    if (!lane || place === -1) return;
    lane.items.splice(place, 1);
    if (lane.items.length === 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }
}
