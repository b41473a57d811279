import { DEFAULT_PAGE_SIZE, type Limits } from '../model/limits.ts';
import type { PageRequest } from '../repository/reads.ts';
import type { ArgumentRule, RuleContext } from './argument-rules.ts';
import { builder } from './builder.ts';
import type { CursorCodec } from './cursor.ts';
import { badUserInput } from './request-error.ts';

/** The limit that bounds a page of a connection. */
export type PageLimit = 'pageSize' | 'descendantsPageSize';

/** The arguments of a connection. */
export function pageArguments(limit: PageLimit) {
  return builder.args((t) => ({
    first: t.int({
      description:
        `The maximum number of entries, counted from the start of the list or from \`after\`: at most the server's limit \`${limit}\`. ` +
        `Default, without \`last\`: ${DEFAULT_SIZE}.`,
    }),
    after: t.string({ description: 'A cursor of this connection. The page has only entries after it.' }),
    last: t.int({
      description:
        "The maximum number of entries, counted from the end of the list or from `before`: at most the server's limit " +
        `\`${limit}\`. The order of the list stays the same. Not together with \`first\`.`,
    }),
    before: t.string({ description: 'A cursor of this connection. The page has only entries before it.' }),
  }));
}

/** The default page size, for descriptions. */
export const DEFAULT_SIZE = `${DEFAULT_PAGE_SIZE}, or the limit if that is smaller`;

export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

interface PageRules<Key> {
  readonly limit: PageLimit;
  readonly limits: Limits;
  /** Called only if there is a cursor to decode. */
  cursors(): CursorCodec<Key>;
}

/**
 * The rules for the page of a connection, for `argumentRules`: the page size is at most `limit`, and `checkCursor` accepts the
 * cursors.
 */
export function pageRules<Args extends PageArguments>(
  limit: PageLimit,
  checkCursor: (cursor: string, argument: string, args: Args, context: RuleContext) => unknown,
): ArgumentRule<Args>[] {
  return [
    (args, { limits }) => pageSizeOf(args, limit, limits),
    (args, context) => args.after != null && checkCursor(args.after, 'after', args, context),
    (args, context) => args.before != null && checkCursor(args.before, 'before', args, context),
  ];
}

/** The page that the arguments ask for. Throws BAD_USER_INPUT if they are invalid. */
export function pageRequest<Key>(
  args: PageArguments,
  { limit, limits, cursors }: PageRules<Key>,
): PageRequest<Key> {
  const { after, last, before } = args;
  return {
    limit: pageSizeOf(args, limit, limits),
    from: last == null ? 'start' : 'end',
    after: after == null ? undefined : cursors().decode(after, 'after'),
    before: before == null ? undefined : cursors().decode(before, 'before'),
  };
}

function pageSizeOf({ first, last }: PageArguments, limit: PageLimit, limits: Limits): number {
  if (first != null && last != null) {
    throw badUserInput('expected "first" or "last", got both. Ask for one end of the list at a time.');
  }
  const max = limits[limit];
  return (
    checkSize('first', first, limit, max) ??
    checkSize('last', last, limit, max) ??
    Math.min(DEFAULT_PAGE_SIZE, max)
  );
}

function checkSize(
  name: string,
  size: number | null | undefined,
  limit: PageLimit,
  max: number,
): number | undefined {
  if (size == null) return undefined;
  if (size < 0) throw badUserInput(`${name}: expected 0 or more, got ${size}.`);
  if (size > max)
    throw badUserInput(
      `${name}: expected at most ${max} (the limit ${limit}), got ${size}. Ask for less and page on.`,
    );
  return size;
}
