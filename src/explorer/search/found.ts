import { ask } from '../api/client.ts';
import {
  SearchDocument,
  type SearchField,
  type SearchQuery,
  TitlesDocument,
  type TitlesQuery,
} from '../generated/operations.ts';
import { Observable } from '../parts/observable.ts';

export type Hit = SearchQuery['searchMessages']['edges'][number];
export type TitleHit = TitlesQuery['sessions']['nodes'][number];

const PAGE = 30;
const TITLES = 5;
const FIELDS: readonly SearchField[] = ['CONTENT', 'REASONING', 'TOOL_CALLS'];

/** What a search found: the sessions by their titles, and the messages, the best first. */
export class Found extends Observable {
  readonly query: string;
  readonly within: string | null;
  titles: readonly TitleHit[] = [];
  hits: readonly Hit[] = [];
  /** How many messages there are; null until the first page is there. */
  total: number | null = null;
  /** False if the index of the server is being built: there may be more. */
  isComplete = true;
  isLoading = true;
  error: Error | null = null;
  #endCursor: string | null = null;
  readonly #abort = new AbortController();

  constructor(query: string, within: string | null) {
    super();
    this.query = query;
    this.within = within;
    if (query === '') this.isLoading = false;
    else void this.read();
  }

  get hasMore(): boolean {
    return this.#endCursor !== null;
  }

  close(): void {
    this.#abort.abort();
  }

  /** Reads the first page, or the next one; or, `isAnew`, the first one again. */
  async read(isAnew = false): Promise<void> {
    this.isLoading = true;
    this.error = null;
    this.changed();
    const { query, within } = this;
    const { signal } = this.#abort;
    const after = isAnew ? null : this.#endCursor;
    try {
      const [messages, titles] = await Promise.all([
        ask(SearchDocument, { query, within, first: PAGE, after, fields: [...FIELDS] }, signal),
        // Sessions of a tree are found by looking at it.
        after === null && within === null ? ask(TitlesDocument, { query, first: TITLES }, signal) : null,
      ]);
      const { edges, totalCount, isComplete, pageInfo } = messages.searchMessages;
      this.hits = after === null ? edges : [...this.hits, ...edges];
      this.total = totalCount;
      this.isComplete = isComplete;
      this.#endCursor = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      if (titles) this.titles = titles.sessions.nodes;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error as Error;
    }
    this.isLoading = false;
    this.changed();
  }
}
