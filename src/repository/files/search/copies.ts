import type { Hit } from './hit.ts';

export interface ScoredHit extends Hit {
  /** 1 for a copy, 0 for others. */
  readonly is_copy: number;
  readonly digest: number;
  /** Lower is better. */
  readonly score: number;
}

/**
 * Hits, best first, in which each copy comes after its original and after all that is as good. Scores alone do not ensure
 * that: those of a copy and of its original, in another partition, can differ a little.
 */
export function withCopiesBehind(hits: readonly ScoredHit[]): readonly ScoredHit[] {
  if (!hits.some(({ is_copy }) => is_copy)) return hits;
  const originals = new Map<number, number>();
  for (const { is_copy, digest, score } of hits) {
    // Scores ascend: the last of several originals is the worst.
    if (!is_copy) originals.set(digest, score);
  }
  const scoreOf = ({ is_copy, digest, score }: ScoredHit) =>
    is_copy ? Math.max(score, originals.get(digest) ?? score) : score;
  return hits
    .map((hit) => ({ hit, score: scoreOf(hit) }))
    .sort((one, other) => one.score - other.score || one.hit.is_copy - other.hit.is_copy)
    .map(({ hit }) => hit);
}
