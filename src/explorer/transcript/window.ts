/** The positions that have rows. */
export interface Window {
  readonly start: number;
  /** The position after the last one. */
  readonly end: number;
  /** Whether the window grows with the history. */
  readonly isAtEnd: boolean;
}

const SIZE = 5_000;
/** So near to the border, the window moves. */
const BORDER = 500;

/** The window for a reader at `position`; `present`, the same object, where the reader is well within it. */
export function windowAround(position: number, length: number, present?: Window): Window {
  if (present) {
    const isNearStart = present.start > 0 && position - present.start < BORDER;
    const isNearEnd = !present.isAtEnd && present.end - position < BORDER;
    if (!isNearStart && !isNearEnd && present.start <= length) return present;
  }
  const start = Math.max(Math.min(position - SIZE / 2, length - SIZE), 0);
  const end = Math.min(start + SIZE, length);
  return { start, end, isAtEnd: end >= length };
}
