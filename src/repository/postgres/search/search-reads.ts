import { createHash } from 'node:crypto';
import { StorageError } from '../../../model/errors.ts';
import type { MessageRef } from '../../../model/id.ts';
import { MESSAGE_ROLES } from '../../../model/message.ts';
import { SEARCH_FIELDS } from '../../../model/search/fields.ts';
import { parseQuery } from '../../../model/search/query.ts';
import type { SnippetPart } from '../../../model/search/snippet.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import {
  type SearchKey,
  type SearchPage,
  type SearchRequest,
  type SnippetRequest,
  UnknownKeyError,
} from '../../reads.ts';
import type { ReadParts } from '../read/parts.ts';
import { cutPage } from './page.ts';
import { type FoundRow, rankingStatement, type Search } from './ranking-statement.ts';
import { Rankings, type Stretch } from './rankings.ts';
import { sessionsOf, subtreesOf } from './scope.ts';
import { snippetsOf } from './snippets.ts';

/** Hits that are read beyond a page, in case some are gone by then. */
const SPARE = 20;

const NOTHING: FoundRow = { id: '', total: 0, walked: 0, homes: [], sids: [], ordinals: [] };

/** Searches messages, and shows where they match. */
export class SearchReads {
  readonly #parts: ReadParts;
  readonly #rankings: Rankings;

  constructor(parts: ReadParts) {
    this.#parts = parts;
    this.#rankings = new Rankings(parts.database);
  }

  async search(request: SearchRequest, options?: ReadOptions): Promise<SearchPage> {
    if (!this.#parts.isSearched) throw turnedOff();
    throwIfOver(options);
    const { limit, after } = request;
    const { search, digest } = defined(request);
    const from = (after?.place ?? 0) + 1;
    const to = from + limit + SPARE;
    const found = after
      ? await this.#goOn(request, search, digest, after, { from, to }, options)
      : await this.#find(request, search, digest, to, options);
    const page = await this.#page(request, found, digest, from, options);
    return { ...page, totalCount: found.total, ranking: found.id, isComplete: true };
  }

  async snippetsOf(
    request: SnippetRequest,
    refs: readonly MessageRef[],
    options?: ReadOptions,
  ): Promise<(readonly SnippetPart[] | null)[]> {
    return await snippetsOf(this.#parts, request, refs, options);
  }

  async #page(
    { within, subtree, limit }: SearchRequest,
    found: Stretch & Pick<FoundRow, 'id' | 'total'>,
    digest: string,
    from: number,
    options?: ReadOptions,
  ): Promise<Pick<SearchPage, 'hits' | 'hasMore'>> {
    if (from > found.total) return { hits: [], hasMore: false };
    const there = within == null ? null : (await subtreesOf(this.#parts, [within], options)).get(within);
    if (there === undefined) return { hits: [], hasMore: false };
    const read = async (begin: number, end: number) => {
      const stretch = await this.#rankings.stretch(found.id, digest, { from: begin, to: end }, options);
      if (!stretch) throw forgotten();
      return stretch;
    };
    const cut = { limit, from, total: found.total, within: there, isSubtree: subtree ?? true, read };
    return await cutPage(this.#parts.database, found, cut, options);
  }

  /** The first places of a new ranking. */
  async #find(
    request: SearchRequest,
    search: Defined,
    digest: string,
    first: number,
    options?: ReadOptions,
  ): Promise<FoundRow> {
    const { phrases, fields, roles } = search;
    if (phrases.length === 0 || fields.length === 0 || roles?.length === 0) return NOTHING;
    const sessions = await sessionsOf(this.#parts, request, options);
    if (sessions.kind === 'none') return NOTHING;
    const { sql, values } = rankingStatement({
      ...search,
      sessions,
      digest,
      first,
      limit: request.limit,
      now: Date.now(),
    });
    const [row] = await this.#parts.database.rows<FoundRow>(sql, values, options);
    if (row!.walked > 0) options?.onWalk?.(row!.walked);
    if (row!.total > request.limit) await this.#rankings.evict();
    return row!;
  }

  /** Places of the ranking of an earlier page. If it is not kept, the search may find the same again. */
  async #goOn(
    request: SearchRequest,
    search: Defined,
    digest: string,
    { ranking }: SearchKey,
    { from, to }: { readonly from: number; readonly to: number },
    options?: ReadOptions,
  ): Promise<Stretch & Pick<FoundRow, 'id' | 'total'>> {
    const kept = await this.#rankings.stretch(ranking, digest, { from, to }, options);
    if (kept) return { ...kept, id: ranking };
    const { homes, sids, ordinals, ...found } = await this.#find(request, search, digest, to, options);
    if (found.id !== ranking) throw forgotten();
    const rest = (column: readonly number[]) => column.slice(from - 1);
    return { ...found, homes: rest(homes), sids: rest(sids), ordinals: rest(ordinals) };
  }
}

type Defined = Pick<Search, 'phrases' | 'fields' | 'roles' | 'includeCopies'>;

/** What a search looks for, and a digest of all that defines it: equal for equal searches. */
function defined(request: SearchRequest): { readonly search: Defined; readonly digest: string } {
  const { query, fields, roles, includeCopies, within, subtree, filter } = request;
  const search: Defined = {
    phrases: parseQuery(query),
    fields: SEARCH_FIELDS.filter((field) => (fields ?? ['CONTENT']).includes(field)),
    roles: roles ? MESSAGE_ROLES.flatMap((role, n) => (roles.includes(role) ? [n] : [])) : null,
    includeCopies: includeCopies ?? true,
  };
  const conditions = Object.entries(filter ?? {})
    .filter(([, value]) => value != null)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([search, within ?? null, subtree ?? true, conditions]);
  return { search, digest: createHash('sha256').update(text).digest('base64url') };
}

function forgotten(): UnknownKeyError {
  return new UnknownKeyError('What this search found when it began is not kept any more.');
}

function turnedOff(): StorageError {
  return new StorageError(
    'Search is turned off for this store: no text is indexed. Whoever runs the server can turn it on.',
    false,
  );
}
