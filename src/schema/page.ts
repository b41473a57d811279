import { DEFAULT_PAGE_SIZE } from '../model/limits.ts';
import type { PageRequest } from '../repository/repository.ts';
import { builder } from './builder.ts';
import type { CursorCodec } from './cursor.ts';
import { badUserInput } from './request-error.ts';

/** The arguments of every connection. */
export const pageArguments = builder.args((t) => ({
  first: t.int({
    description: `At most this many, from the start of the list or after \`after\`. Neither \`first\` nor \`last\`: ${DEFAULT_PAGE_SIZE}.`,
  }),
  after: t.string({ description: 'A cursor of this connection: only what comes after it.' }),
  last: t.int({
    description:
      'At most this many, from the end of the list or before `before`, in the same order. Not together with `first`.',
  }),
  before: t.string({ description: 'A cursor of this connection: only what comes before it.' }),
}));

interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

interface PageRules<Key> {
  /** The largest page. */
  readonly max: number;
  /** Asked for only where there is a cursor to decode. */
  cursors(): CursorCodec<Key>;
}

/** The page that the arguments ask for; a GraphQLError with code BAD_USER_INPUT where they ask for none. */
export function pageRequest<Key>(
  { first, after, last, before }: PageArguments,
  { max, cursors }: PageRules<Key>,
): PageRequest<Key> {
  if (first != null && last != null) {
    throw badUserInput('expected "first" or "last", got both. Ask for one end of the list at a time.');
  }
  return {
    limit: pageSize('first', first, max) ?? pageSize('last', last, max) ?? Math.min(DEFAULT_PAGE_SIZE, max),
    from: last == null ? 'start' : 'end',
    after: after == null ? undefined : cursors().decode(after, 'after'),
    before: before == null ? undefined : cursors().decode(before, 'before'),
  };
}

function pageSize(name: string, size: number | null | undefined, max: number): number | undefined {
  if (size == null) return undefined;
  if (size < 0) throw badUserInput(`${name}: expected 0 or more, got ${size}.`);
  if (size > max)
    throw badUserInput(`${name}: expected at most ${max}, got ${size}. Ask for less and page on.`);
  return size;
}
