/** UTF-16 units after which a block is closed. A read copies the open block at most, whatever the length of the text. */
const BLOCK_UNITS = 16 * 1024;

/** A text to which small parts are appended, and whose end is read again and again from different positions. */
export class GrowingText {
  readonly #blocks: string[] = [];
  /** The position of the first unit of each closed block. */
  readonly #starts: number[] = [];
  #open = '';
  #closedLength = 0;

  get length(): number {
    return this.#closedLength + this.#open.length;
  }

  append(part: string): void {
    this.#open += part;
    if (this.#open.length < BLOCK_UNITS) return;
    this.#blocks.push(this.#open);
    this.#starts.push(this.#closedLength);
    this.#closedLength += this.#open.length;
    this.#open = '';
  }

  /** The text from `position` (in UTF-16 units) to its end. */
  from(position: number): string {
    if (position >= this.#closedLength) return this.#open.slice(position - this.#closedLength);
    let first = this.#blocks.length - 1;
    while (this.#starts[first]! > position) first -= 1;
    const [begun, ...whole] = this.#blocks.slice(first);
    return [begun!.slice(position - this.#starts[first]!), ...whole, this.#open].join('');
  }
}
