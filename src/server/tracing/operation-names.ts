import { shortened } from '../shortened.ts';

/** UTF-16 units of the name of an operation in a span. */
const NAME_CHARACTERS_MAX = 128;

/** Distinct names of operations in the spans of a process. Clients have few; one that makes up names could fill the index of a backend. */
const NAMES_MAX = 1_000;

/** Stands for each name after the first `NAMES_MAX`. */
export const OTHER_NAME = '(other)';

/** The names of operations that spans have: clients choose them, so that their number is bounded. */
export class OperationNames {
  readonly #known = new Set<string>();

  shown(name: string): string {
    const short = shortened(name, NAME_CHARACTERS_MAX);
    if (this.#known.has(short)) return short;
    if (this.#known.size >= NAMES_MAX) return OTHER_NAME;
    this.#known.add(short);
    return short;
  }
}
