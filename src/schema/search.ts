import DataLoader from 'dataloader';
import { GraphQLError } from 'graphql';
import { StorageError } from '../model/errors.ts';
import { type MessageRef, messageId } from '../model/id.ts';
import type { Message as MessageModel, ShownTexts } from '../model/message.ts';
import { SEARCH_FIELDS, type SearchField } from '../model/search/fields.ts';
import type { SnippetPart } from '../model/search/snippet.ts';
import {
  type SearchPage,
  type SearchRequest,
  type SearchScope,
  type SnippetRequest,
  UnknownKeyError,
} from '../repository/reads.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { appearMessages, findSession, type SchemaContext } from './context.ts';
import { searchCursor } from './cursor.ts';
import { selectedOfMessages } from './look-ahead.ts';
import { MessageRole, uniqueRoles } from './message.ts';
import { DEFAULT_SIZE, type PageArguments, pageRequest, pageRules } from './page.ts';
import { badUserInput } from './request-error.ts';
import { type Found, SearchConnection, type SnippetLoader } from './search-connection.ts';
import { checkQuery } from './search-query.ts';
import { checkFilter, SessionFilter } from './session-list.ts';

interface SearchArguments extends SearchScope, PageArguments {}

const SearchFieldEnum = builder.enumType('SearchField', {
  description: 'A part of a message that a search can look at.',
  values: {
    CONTENT: { description: 'The content.' },
    REASONING: { description: 'The reasoning.' },
    TOOL_CALLS: {
      description:
        'The names of the tools that are called, and all strings in the arguments, without the keys of objects.',
    },
  } satisfies Record<SearchField, { description: string }>,
});

builder.queryField('searchMessages', (t) =>
  t.field({
    description:
      'Full-text search: messages that have all words of the query, in any order, by default in their content. Case and accents are ignored. `"two words"` ' +
      'finds the words in this order, next to each other. `word*` finds words with this prefix. Parts of identifiers are words too: ' +
      '`query` finds `parseQuery`, and `utf` finds `utf8`. In Chinese, Japanese, Korean and Thai, any part of a sentence is found. ' +
      'An emoji is a word. All other characters separate words; no query is a syntax error. A search finds every message whose ' +
      'mutation has answered before. A copy of a message (`isCopy`) ranks behind its original. The first page fixes the ranking: later ' +
      'pages show each message of it once, whatever is written in between. Messages that were deleted, rolled back or moved out of ' +
      '`within` are skipped.',
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
        description:
          'Only messages of this session and, unless `subtree` is false, its descendants. Default: the whole store.',
      }),
      subtree: t.arg.boolean({
        description: 'False: only messages of the session `within` itself, which must then be given.',
        defaultValue: true,
      }),
      roles: t.arg({
        description: 'Only messages of these roles. Default: all roles except EVENT.',
        type: [MessageRole],
      }),
      fields: t.arg({
        description:
          'The parts of messages in which the words are looked for. Each word is in one of them, a phrase as a whole.',
        type: [SearchFieldEnum],
        defaultValue: ['CONTENT'],
      }),
      filter: t.arg({
        description:
          'Only messages of sessions that meet these conditions when the first page is made. Other than in `sessions`, archived sessions ' +
          'are included by default.',
        type: SessionFilter,
      }),
      includeCopies: t.arg.boolean({
        description: 'False: without copies of messages (`isCopy`).',
        defaultValue: true,
      }),
      first: t.arg.int({
        description: `The maximum number of hits on the page: at most the server's limit \`pageSize\`. Default: ${DEFAULT_SIZE}.`,
      }),
      after: t.arg.string({ description: 'A cursor of this search. The page has only hits after it.' }),
    },
    extensions: argumentRules(
      checkQuery,
      checkSubtree,
      checkFilter,
      ...pageRules<SearchArguments>(
        'pageSize',
        // To tell a query's own cursors the whole query is read, and one that is too long has none.
        (cursor, argument, args, { repository, limits }) =>
          args.query.length > limits.queryLength ||
          searchCursor(repository, scopeOf(args)).decode(cursor, argument),
      ),
    ),
    resolve: async (_root, args, context, info) => {
      checkQuery(args, context);
      checkSubtree(args);
      if (args.filter) checkFilter(args, context);
      const scope = scopeOf(args);
      const { shown } = selectedOfMessages(info, 'SearchConnection');
      const cursors = searchCursor(context.repository, scope);
      const { limit, after: key } = pageRequest(
        { first: args.first, after: args.after },
        { limit: 'pageSize', limits: context.limits, cursors: () => cursors },
      );
      const snippets = snippetLoader(context, { query: scope.query, fields: scope.fields });
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
          const { isComplete, hasMore, totalCount } = page;
          const hasPreviousPage = (key?.place ?? 0) > 0;
          return { found, totalCount, isComplete, hasNextPage: hasMore, hasPreviousPage };
        }
        // Some hits were deleted after they were found, or cannot be read: the next hits fill the page.
        const reached = { ranking: page.ranking, place: last.place };
        request = { ...scope, limit: limit - found.length, after: reached };
      }
    },
  }),
);

export function checkSubtree({ within, subtree }: Pick<SearchScope, 'within' | 'subtree'>): void {
  if (subtree !== false || within != null) return;
  throw badUserInput(
    'subtree: expected a session in "within" beside false, got none. Name the session, or leave out "subtree".',
  );
}

/** The search that the arguments define: equal for equal searches, whatever a client repeats in lists or leaves to the defaults. */
function scopeOf({ query, within, subtree, roles, fields, filter, includeCopies }: SearchScope): SearchScope {
  return {
    query,
    within,
    subtree: subtree ?? true,
    roles: roles && uniqueRoles(roles),
    fields: SEARCH_FIELDS.filter((field) => (fields ?? ['CONTENT']).includes(field)),
    filter,
    includeCopies: includeCopies ?? true,
  };
}

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
function snippetLoader({ loaders }: SchemaContext, request: SnippetRequest): SnippetLoader {
  return new DataLoader(
    async (refs) => {
      const snippets: (readonly SnippetPart[] | null)[] = [];
      for (let n = 0; n < refs.length; n += SNIPPETS_PER_BATCH) {
        const some = refs
          .slice(n, n + SNIPPETS_PER_BATCH)
          .map(({ sessionId, ordinal }) => ({ sessionId, ordinal }));
        snippets.push(...(await loaders.snippetsOf(request, some).catch(rethrow)));
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
