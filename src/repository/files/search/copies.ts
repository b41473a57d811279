import type { Hit } from './hit.ts';

/**
 * A number that tells a copy from other messages, and finds its original: equal texts have an equal `digest` (from 0), and the mark of a
 * copy is negative.
 */
export function copyMark(digest: number, isCopy: boolean): number {
  return isCopy ? -1 - digest : digest;
}

export const isCopyMark = (mark: number) => mark < 0;

/** Of a copy. */
const digestOf = (mark: number) => -1 - mark;

/** Matches, best first. `scores` and `marks` (see `copyMark`) are those of `hits`; a lower score is better. */
export interface MarkedHits {
  readonly hits: readonly Hit[];
  readonly scores: readonly number[];
  readonly marks: readonly number[];
}

/**
 * The hits, with each copy after its original and after all that is as good. Scores alone do not ensure that: those of a copy and of its
 * original, in another partition, can differ a little.
 */
export function withCopiesBehind({ hits, scores, marks }: MarkedHits): readonly Hit[] {
  if (!marks.some(isCopyMark)) return hits;
  const originals = new Map<number, number>();
  for (const [n, mark] of marks.entries()) {
    // Scores ascend: the last of several originals is the worst.
    if (!isCopyMark(mark)) originals.set(mark, scores[n]!);
  }
  const ranked = hits.map((hit, n) => {
    const mark = marks[n]!;
    const original = isCopyMark(mark) ? originals.get(digestOf(mark)) : undefined;
    const score = Math.max(scores[n]!, original ?? Number.NEGATIVE_INFINITY);
    return { hit, score, isCopy: Number(isCopyMark(mark)) };
  });
  return ranked
    .sort((one, other) => one.score - other.score || one.isCopy - other.isCopy)
    .map(({ hit }) => hit);
}
