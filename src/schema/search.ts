import { GraphQLError } from 'graphql';
import { StorageError } from '../model/errors.ts';
import type { Message as MessageModel } from '../model/message.ts';
import { parseQuery, snippetOf } from '../model/search-text.ts';
import { builder } from './builder.ts';
import { PageInfoType } from './connection.ts';
import { appearMessages, findSession, type SchemaContext } from './context.ts';
import { type SearchKey, searchCursor } from './cursor.ts';
import { Message, MessageRole } from './message.ts';
import { pageRequest } from './page.ts';
import { badUserInput } from './request-error.ts';

interface Found {
  readonly message: MessageModel;
  readonly snippet: string;
  readonly cursor: string;
}

interface SearchResult {
  readonly found: readonly Found[];
  readonly isComplete: boolean;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

const SearchEdge = builder.objectRef<Found>('SearchEdge').implement({
  description: 'A message that was found.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'This place, to page on from. Opaque: pass it on as it is, to the same search.',
    }),
    node: t.field({ description: 'The message.', type: Message, resolve: ({ message }) => message }),
    snippet: t.exposeString('snippet', {
      description:
        'The part of its content around the first match, in its words; each match between << and >>.',
    }),
  }),
});

const SearchConnection = builder.objectRef<SearchResult>('SearchConnection').implement({
  description: 'A page of what a search found, the best first.',
  fields: (t) => ({
    edges: t.field({
      description: 'The messages of this page, each with its snippet and its cursor.',
      type: [SearchEdge],
      resolve: ({ found }) => found,
    }),
    nodes: t.field({
      description: 'The messages of this page.',
      type: [Message],
      resolve: ({ found }) => found.map(({ message }) => message),
    }),
    pageInfo: t.field({
      description: 'Where this page lies in what was found.',
      type: PageInfoType,
      resolve: ({ found, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: () => found[0]?.cursor ?? null,
        endCursor: () => found.at(-1)?.cursor ?? null,
      }),
    }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'False while the search index is being built or catches up: what was found is right, and there may be more.',
    }),
  }),
});

builder.queryField('searchMessages', (t) =>
  t.field({
    description:
      'Messages whose content holds all words of the query, in any order, without regard to case and accents. `"…"` asks for ' +
      'words that follow one another, `word*` for what begins so. Chinese, Japanese, Korean and Thai are found by any part of ' +
      'a sentence. No other character has a meaning, and none is an error. A message is found once its mutation has answered.',
    type: SearchConnection,
    args: {
      query: t.arg.string({ description: 'What to look for: at most 500 characters.', required: true }),
      within: t.arg.id({ description: 'Only in this session and all beneath it.' }),
      roles: t.arg({ description: 'Only messages of these roles; all when left out.', type: [MessageRole] }),
      first: t.arg.int({ description: 'At most this many. Left out: 50.' }),
      after: t.arg.string({ description: 'A cursor of this search: only what comes after it.' }),
    },
    resolve: async (_root, { query, within, roles, first, after }, context) => {
      const { limits, repository } = context;
      if (query.length > limits.queryLength) {
        throw badUserInput(
          `query: expected at most ${limits.queryLength} characters, got ${query.length}. Look for fewer words.`,
        );
      }
      const cursors = searchCursor();
      const { limit, after: key } = pageRequest(
        { first, after },
        { max: limits.pageSize, cursors: () => cursors },
      );
      const { offset, through }: { offset: number; through: number | null } = key ?? {
        offset: 0,
        through: null,
      };
      const page = await repository
        .search({ query, within, roles, limit, offset, through })
        .catch((cause) => Promise.reject(cause instanceof StorageError ? searchUnavailable(cause) : cause));
      const messages = await loadAll(context, page.hits);
      const phrases = parseQuery(query);
      const found = messages.flatMap((message, n) => {
        const snippet = message && snippetOf(message.content, phrases);
        const place: SearchKey = { offset: offset + n + 1, through: page.through };
        return snippet ? [{ message, snippet, cursor: cursors.encode(place) }] : [];
      });
      return { found, isComplete: page.isComplete, hasNextPage: page.hasMore, hasPreviousPage: offset > 0 };
    },
  }),
);

/** The rest of the answer stands: only the index for search cannot be had. */
function searchUnavailable({ message }: StorageError): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'SEARCH_UNAVAILABLE' } });
}

/** Messages in their order, with what they cost charged; null for one that has gone since it was found. */
async function loadAll(
  context: SchemaContext,
  refs: readonly { readonly sessionId: string; readonly ordinal: number }[],
): Promise<(MessageModel | null)[]> {
  const { loaders } = context;
  const sessions = await Promise.all(refs.map(({ sessionId }) => findSession(context, sessionId)));
  const messages = await Promise.all(refs.map((ref) => loaders.message.load(ref)));
  return messages.map((message, n) => {
    const session = sessions[n];
    if (!message || !session) return null;
    appearMessages(context, session, [message]);
    return message;
  });
}
