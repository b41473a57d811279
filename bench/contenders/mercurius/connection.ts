import { DEFAULT_PAGE_SIZE } from '../../../src/model/limits.ts';
import type { Page, PageRequest } from '../../../src/repository/reads.ts';

/** The arguments of every connection. */
export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** A page, with what its fields need. */
export interface Connection<Node> {
  readonly nodes: readonly Node[];
  readonly hasMore: boolean;
  readonly request: PageRequest<unknown>;
  readonly keyOf: (node: Node) => unknown;
  readonly totalCount?: number;
}

export function pageRequest<Key>(
  { first, after, last, before }: PageArguments,
  max: number,
): PageRequest<Key> {
  const limit = first ?? last ?? DEFAULT_PAGE_SIZE;
  if (limit < 0 || limit > max) throw new RangeError(`Expected a page of 0 to ${max}, got ${limit}.`);
  return {
    limit,
    from: last == null ? 'start' : 'end',
    after: after == null ? undefined : keyOf<Key>(after),
    before: before == null ? undefined : keyOf<Key>(before),
  };
}

export function connection<Node>(
  { items, hasMore }: Page<Node>,
  request: PageRequest<unknown>,
  keyOf: (node: Node) => unknown,
  totalCount?: number,
): Connection<Node> {
  return { nodes: items, hasMore, request, keyOf, ...(totalCount !== undefined && { totalCount }) };
}

/** The fields of a connection that need a resolver. */
export const connectionResolvers = {
  edges: ({ nodes, keyOf }: Connection<unknown>) =>
    nodes.map((node) => ({ node, cursor: cursorOf(keyOf(node)) })),
  pageInfo: ({ nodes, hasMore, request: { from, after, before }, keyOf }: Connection<unknown>) => ({
    hasNextPage: from === 'start' ? hasMore : before !== undefined,
    hasPreviousPage: from === 'end' ? hasMore : after !== undefined,
    startCursor: nodes.length === 0 ? null : cursorOf(keyOf(nodes[0])),
    endCursor: nodes.length === 0 ? null : cursorOf(keyOf(nodes.at(-1))),
  }),
};

function cursorOf(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function keyOf<Key>(cursor: string): Key {
  return JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Key;
}
