import DataLoader from 'dataloader';
import { GraphQLError } from 'graphql';
import { StorageError } from '../model/errors.ts';
import { type MessageRef, messageId } from '../model/id.ts';
import type { Message as MessageModel, ShownTexts } from '../model/message.ts';
import { type SearchPage, type SearchRequest, UnknownKeyError } from '../repository/repository.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { PageInfoType } from './connection.ts';
import { appearMessages, findSession, type SchemaContext } from './context.ts';
import { type SearchScope, searchCursor } from './cursor.ts';
import { selectedOfMessages } from './look-ahead.ts';
import { Message, MessageRole, uniqueRoles } from './message.ts';
import { DEFAULT_SIZE, type PageArguments, pageRequest, pageRules } from './page.ts';
import { badUserInput } from './request-error.ts';
import { checkQuery } from './search-query.ts';

interface SearchArguments extends SearchScope, PageArguments {}

type SnippetLoader = DataLoader<MessageRef, string | null, string>;

interface Found {
  readonly message: MessageModel;
  readonly snippets: SnippetLoader;
  readonly cursor: () => string;
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
    cursor: t.string({
      description: 'This place, to page on from. Opaque: pass it on as it is, to the same search.',
      resolve: ({ cursor }) => cursor(),
    }),
    node: t.field({ description: 'The message.', type: Message, resolve: ({ message }) => message }),
    snippet: t.string({
      description:
        'An excerpt of the content around the first match, with each match between << and >>. Empty if the message was deleted ' +
        'after it was found.',
      resolve: async ({ message, snippets }, _args, { budget }) => {
        const snippet = (await snippets.load(message)) ?? '';
        budget.chargeText(Buffer.byteLength(snippet));
        return snippet;
      },
    }),
  }),
});

const SearchConnection = builder.objectRef<SearchResult>('SearchConnection').implement({
  description: 'A page of the hits of a search, ordered by relevance.',
  fields: (t) => ({
    edges: t.field({
      description: 'The messages of this page, each with its snippet and its cursor.',
      type: [SearchEdge],
      resolve: ({ found }, _args, { turns }) => turns.paced(found),
    }),
    nodes: t.field({
      description: 'The messages of this page.',
      type: [Message],
      resolve: ({ found }, _args, { turns }) => turns.paced(found.map(({ message }) => message)),
    }),
    pageInfo: t.field({
      description: 'The position of this page among the hits.',
      type: PageInfoType,
      resolve: ({ found, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: () => found[0]?.cursor() ?? null,
        endCursor: () => found.at(-1)?.cursor() ?? null,
      }),
    }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'False if the search index was still being built or updated, or if the search took too long. The hits are correct, but there ' +
        'may be more.',
    }),
  }),
});

builder.queryField('searchMessages', (t) =>
  t.field({
    description:
      'Full-text search: messages whose content has all words of the query, in any order. Case and accents are ignored. `"two words"` ' +
      'finds the words in this order, next to each other. `word*` finds words with this prefix. Parts of identifiers are words too: ' +
      '`query` finds `parseQuery`, and `utf` finds `utf8`. In Chinese, Japanese, Korean and Thai, any part of a sentence is found. ' +
      'An emoji is a word. All other characters separate words; no query is a syntax error. A search finds every message whose ' +
      'mutation has answered before. The first page fixes the ranking: later pages show each message of it once, whatever is ' +
      'written in between. Messages that were deleted, rolled back or moved out of `within` are skipped.',
    type: SearchConnection,
    args: {
      query: t.arg.string({
        description:
          "The words to find. The server's limits are `queryLength` for the characters, `queryWords` for words and phrases, " +
          '`queryPrefixes` for those of them that end in `*`, and `queryTokens` for all words of all phrases, with characters of ' +
          'scripts without spaces and emoji counted as words.',
        required: true,
      }),
      within: t.arg.id({
        description: 'Only messages of this session and its descendants. Default: the whole store.',
      }),
      roles: t.arg({ description: 'Only messages of these roles. Default: all roles.', type: [MessageRole] }),
      first: t.arg.int({
        description: `The maximum number of hits on the page: at most the server's limit \`pageSize\`. Default: ${DEFAULT_SIZE}.`,
      }),
      after: t.arg.string({ description: 'A cursor of this search. The page has only hits after it.' }),
    },
    extensions: argumentRules(
      checkQuery,
      ...pageRules<SearchArguments>(
        'pageSize',
        // To tell a query's own cursors the whole query is read, and one that is too long has none.
        (cursor, argument, scope, { repository, limits }) =>
          scope.query.length > limits.queryLength || searchCursor(repository, scope).decode(cursor, argument),
      ),
    ),
    resolve: async (_root, { query, within, roles: given, first, after }, context, info) => {
      const roles = given && uniqueRoles(given);
      checkQuery({ query }, context);
      const { shown } = selectedOfMessages(info, 'SearchConnection');
      const scope = { query, within, roles };
      const cursors = searchCursor(context.repository, scope);
      const { limit, after: key } = pageRequest(
        { first, after },
        { limit: 'pageSize', limits: context.limits, cursors: () => cursors },
      );
      const snippets = snippetLoader(context, query);
      const found: Found[] = [];
      let request: SearchRequest = { ...scope, limit, after: key ?? null };
      for (;;) {
        const page = await search(context, request);
        await context.turns.take(page.hits.length);
        for (const [n, message] of (await loadAll(context, page.hits, shown)).entries()) {
          const place = { ranking: page.ranking, place: page.hits[n]!.place };
          if (message) found.push({ message, snippets, cursor: once(() => cursors.encode(place)) });
        }
        const last = page.hits.at(-1);
        if (found.length === limit || !page.hasMore || !last) {
          const { isComplete, hasMore } = page;
          return { found, isComplete, hasNextPage: hasMore, hasPreviousPage: (key?.place ?? 0) > 0 };
        }
        // Some hits were deleted after they were found, or cannot be read: the next hits fill the page.
        const reached = { ranking: page.ranking, place: last.place };
        request = { ...scope, limit: limit - found.length, after: reached };
      }
    },
  }),
);

function search({ loaders }: SchemaContext, request: SearchRequest): Promise<SearchPage> {
  return loaders.search.load(request).catch(rethrow);
}

function rethrow(cause: unknown): never {
  // Only the search index is unavailable: the rest of the answer is valid.
  if (cause instanceof StorageError)
    throw new GraphQLError(cause.message, { extensions: { code: 'SEARCH_UNAVAILABLE' } });
  if (!(cause instanceof UnknownKeyError)) throw cause;
  throw badUserInput(
    'after: expected a cursor of a ranking that the store still has, got one whose ranking has expired and would be different now. ' +
      'Search again without it.',
  );
}

/** `make`, called once: a cursor has a checksum, and can be shown under many names. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The size of a batch of snippets, in messages. The budget is checked before each batch. */
const SNIPPETS_PER_BATCH = 50;

/** Loads the snippets of one search, if they are selected. */
function snippetLoader({ loaders }: SchemaContext, query: string): SnippetLoader {
  return new DataLoader(
    async (refs) => {
      const snippets: (string | null)[] = [];
      for (let n = 0; n < refs.length; n += SNIPPETS_PER_BATCH) {
        const some = refs
          .slice(n, n + SNIPPETS_PER_BATCH)
          .map(({ sessionId, ordinal }) => ({ sessionId, ordinal }));
        snippets.push(...(await loaders.snippetsOf(query, some).catch(rethrow)));
      }
      return snippets;
    },
    { cacheKeyFn: messageId },
  );
}

/** The messages, in order, with the texts in `shown`, charged to the budget. Null for a message that was deleted after it was found. */
async function loadAll(
  context: SchemaContext,
  refs: readonly MessageRef[],
  shown: ShownTexts | null,
): Promise<(MessageModel | null)[]> {
  const { loaders } = context;
  const sessions = await Promise.all(refs.map(({ sessionId }) => findSession(context, sessionId)));
  const messages = await Promise.all(refs.map((ref) => loaders.message.load({ ...ref, shown })));
  return messages.map((message, n) => {
    const session = sessions[n];
    if (!message || !session) return null;
    appearMessages(context, session, [message], shown);
    return message;
  });
}
