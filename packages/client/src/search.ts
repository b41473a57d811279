import { SEARCH_MESSAGES } from './generated/operations.ts';
import type { SearchEdge, SearchMessagesArguments } from './generated/types.ts';
import { createPages, nextCursorOf, type Page, type PageOptions, type Pages } from './pages.ts';
import type { RequestOptions, Transport } from './transport.ts';

/** In which messages a search looks, and for how much of each. */
export interface SearchOptions
  extends PageOptions,
    Omit<SearchMessagesArguments, 'query' | 'first' | 'after'> {
  /** Cuts the text of each message to so many characters. Default: whole texts. */
  readonly maxContentLength?: number;
}

/** A message that a search found. */
export interface SearchHit {
  readonly message: SearchEdge['node'];
  /** The match in its words, each match between << and >>. */
  readonly snippet: string;
  /** The snippet in parts, for texts that contain << themselves. */
  readonly snippetParts: SearchEdge['snippetParts'];
}

/** One page of what a search found. */
export interface SearchPage extends Page<SearchHit> {
  /** False if the index was still being built, or the search took too long: there may be more hits. */
  readonly isComplete: boolean;
  /** All hits of the search, up to 10,000. */
  readonly totalCount: number;
}

/** The messages that have all words of the query, the best first. */
export function searchMessages(
  transport: Transport,
  query: string,
  { pageSize: first, after: start, ...search }: SearchOptions,
  options?: RequestOptions,
): Pages<SearchHit, SearchPage> {
  const read = async (cursor: string | null): Promise<SearchPage> => {
    const variables = { query, ...search, first, after: cursor };
    const { edges, pageInfo, ...counts } = (await transport.data(SEARCH_MESSAGES, variables, options))
      .searchMessages;
    const items = edges.map(({ node: message, ...snippets }): SearchHit => ({ message, ...snippets }));
    return { items, nextCursor: nextCursorOf(pageInfo), ...counts };
  };
  return createPages(read, start);
}
