import type DataLoader from 'dataloader';
import type { MessageRef } from '../model/id.ts';
import type { Message as MessageModel } from '../model/message.ts';
import { markedText, type SnippetPart as SnippetPartModel } from '../model/search/snippet.ts';
import { builder } from './builder.ts';
import { PageInfoType } from './connection.ts';
import type { SchemaContext } from './context.ts';
import { Message } from './message.ts';

export type SnippetLoader = DataLoader<MessageRef, readonly SnippetPartModel[] | null, string>;

/** A hit, with the loader of the snippets of its search. */
export interface Found {
  readonly message: MessageModel;
  readonly snippets: SnippetLoader;
  readonly cursor: () => string;
}

interface SearchResult {
  readonly found: readonly Found[];
  readonly totalCount: number;
  readonly isComplete: boolean;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

const SnippetPart = builder.objectRef<SnippetPartModel>('SnippetPart').implement({
  description: 'A part of a snippet: a match, or text beside matches.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The part of the text.' }),
    isMatch: t.exposeBoolean('isMatch', { description: 'True for a match.' }),
  }),
});

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
        'An excerpt around the first match, with each match between << and >>: of the content, of the reasoning, or of the names and ' +
        'arguments of the tool calls, whichever of the searched fields is the first with a match. Empty if the message was deleted ' +
        'after it was found.',
      resolve: async (found, _args, { budget }) => {
        const snippet = markedText(await partsOf(found));
        budget.chargeText(Buffer.byteLength(snippet));
        return snippet;
      },
    }),
    snippetParts: t.field({
      description:
        'The snippet in parts, for texts that may contain << themselves. No part is empty, and together they are the snippet.',
      type: [SnippetPart],
      resolve: async (found, _args, context) => {
        const parts = await partsOf(found);
        chargeParts(context, parts);
        return parts;
      },
    }),
  }),
});

async function partsOf({ message, snippets }: Found): Promise<readonly SnippetPartModel[]> {
  return (await snippets.load(message)) ?? [];
}

function chargeParts({ budget }: SchemaContext, parts: readonly SnippetPartModel[]): void {
  for (const { text } of parts) budget.chargeText(Buffer.byteLength(text));
}

export const SearchConnection = builder.objectRef<SearchResult>('SearchConnection').implement({
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
    totalCount: t.exposeInt('totalCount', {
      description:
        'The number of messages that the search found when its first page was made, up to ten thousand: more are not ranked. The same ' +
        'on all pages, also after some of the messages were deleted.',
    }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'False if the search index was still being built or updated, or if the search took too long. The hits are correct, but there ' +
        'may be more.',
    }),
  }),
});
