import { ANSWER_CHARACTERS } from './allowance.ts';

interface Connection<Edge> {
  readonly edges: readonly Edge[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

/** The entries of a list that one answer shows. */
export interface ShownPage<Edge> {
  readonly edges: readonly Edge[];
  /** For what follows; null at the end of the list. */
  readonly next: string | null;
}

/** As many entries as an answer has room for, at least one if there is one. `dataOf` makes of an entry what programs get: the larger part. */
export function shownPage<Edge extends { readonly cursor: string }>(
  { edges, pageInfo }: Connection<Edge>,
  dataOf: (edge: Edge) => object,
): ShownPage<Edge> {
  let size = 0;
  const firstOut = edges.findIndex((edge, n) => {
    size += JSON.stringify(dataOf(edge)).length;
    return n > 0 && size > ANSWER_CHARACTERS;
  });
  const shown = firstOut === -1 ? edges : edges.slice(0, firstOut);
  const hasMore = shown.length < edges.length || pageInfo.hasNextPage;
  return { edges: shown, next: hasMore ? (shown.at(-1)?.cursor ?? null) : null };
}

/** Says how to go on, if there is more. */
export function moreLines(next: string | null): string[] {
  return next === null ? [] : [`More: the same arguments with after: ${JSON.stringify(next)}`];
}
