import { expect, test } from 'vitest';
import { copyMark, withCopiesBehind } from '../../../../src/repository/files/search/copies.ts';

/** The names of hits in their new order. `hits`: the best first, each with its score, its digest, and whether it is a copy. */
function ranked(hits: readonly [name: number, score: number, digest: number, isCopy: boolean][]): number[] {
  const marked = {
    hits: hits.map(([session]) => ({ session, ordinal: 0 })),
    scores: hits.map(([, score]) => score),
    marks: hits.map(([, , digest, isCopy]) => copyMark(digest, isCopy)),
  };
  return withCopiesBehind(marked).map(({ session }) => session);
}

test('a copy comes behind its original, also where its own score is better', () => {
  const copy = [1, -5, 0, true] as const;
  const other = [2, -4, 7, false] as const;
  const original = [3, -3, 0, false] as const;
  const last = [4, -2, 8, false] as const;
  expect(ranked([[...copy], [...other], [...original], [...last]])).toEqual([2, 3, 1, 4]);
});

test('a copy without its original keeps its place, behind equals', () => {
  expect(
    ranked([
      [1, -5, 1, true],
      [2, -5, 2, true],
      [3, -5, 3, false],
      [4, -4, 4, false],
    ]),
  ).toEqual([3, 1, 2, 4]);
});

test('without copies, the order stays', () => {
  expect(
    ranked([
      [1, -5, 1, false],
      [2, -5, 1, false],
    ]),
  ).toEqual([1, 2]);
});
