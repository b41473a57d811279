import { beginning } from './quote.ts';

/** Characters of what is stored in one answer, about: some ten thousand tokens. Clients cut longer answers off, or refuse them. */
export const ANSWER_CHARACTERS = 40_000;
/** Characters that a text gets all the same when the answer is full. */
const TEXT_CHARACTERS_MIN = 200;

/** A text, as far as it is shown. */
export interface Shown {
  readonly text: string;
  /** Characters that follow. */
  readonly left: number;
}

/** The room that one answer has for stored texts. */
export class Allowance {
  #left = ANSWER_CHARACTERS;

  /** False: the answer should end before the next message. */
  get hasRoom(): boolean {
    return this.#left > 0;
  }

  /** As much of `text`, from character `from` on, as there is room for: `max` characters at most. `length` is that of the whole text. */
  take(
    text: string,
    { from = 0, max, length = text.length }: { from?: number; max: number; length?: number },
  ): Shown {
    const room = Math.min(max, Math.max(this.#left, TEXT_CHARACTERS_MIN));
    const shown = beginning(text.slice(from), room);
    this.#left -= shown.length;
    return { text: shown, left: Math.max(0, length - from - shown.length) };
  }
}
