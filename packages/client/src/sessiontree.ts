import { type AnyDocument, isRepeatable, textOf } from './documents.ts';
import { USAGE_REPORT } from './generated/operations.ts';
import type { UsageDimension, UsageGroup, UsageReportArguments } from './generated/types.ts';
import { History } from './history.ts';
import type { Pages } from './pages.ts';
import { type SearchHit, type SearchOptions, type SearchPage, searchMessages } from './search.ts';
import { Sessions } from './sessions.ts';
import { type ClientOptions, createTransport, type RequestOptions, type Transport } from './transport.ts';

/** What a usage report is about: all sessions, or those within another, those that match a filter, messages between two times. */
export type UsageOptions = Omit<UsageReportArguments, 'by'>;

/** The variables of an operation; none need to be passed where none are declared. */
type VariablesOf<Variables> =
  Record<string, never> extends Variables
    ? [variables?: Variables, options?: RequestOptions]
    : [variables: Variables, options?: RequestOptions];

/**
 * A client of one server. It keeps nothing but its options: make one, and share it.
 *
 * Methods of mutations resolve to the payload of the mutation. All reject with a `SessiontreeError`. Requests are sent again, after network
 * faults and where the server says that it may help; mutations with the same `operationId`, so that nothing is done twice.
 *
 * @example
 * const { session } = await client.sessions.create({ title: 'Plan a trip' });
 * await client.history.append(session.id, { role: 'USER', content: 'Where to in May?' });
 */
export class Sessiontree {
  readonly sessions: Sessions;
  readonly history: History;
  readonly #transport: Transport;

  /** `url` is that of the GraphQL endpoint: `http://localhost:4000/graphql`. */
  constructor(url: string | URL, options: ClientOptions = {}) {
    this.#transport = createTransport(String(url), options);
    this.sessions = new Sessions(this.#transport);
    this.history = new History(this.#transport);
  }

  /**
   * The messages that have all words of `query`, the best first: `"two words"` in this order, `word*` by their beginning.
   *
   * @example
   * for await (const { message, snippet } of client.search('lisbon', { within: 'trip' })) console.log(message.id, snippet);
   */
  search(query: string, search: SearchOptions = {}, options?: RequestOptions): Pages<SearchHit, SearchPage> {
    return searchMessages(this.#transport, query, search, options);
  }

  /**
   * What messages cost, divided by some dimensions: one group for all responses that are alike in them.
   *
   * @example
   * const days = await client.usage(['DAY', 'MODEL'], { within: 'trip' });
   * for (const { day, model, usage } of days) console.log(day, model, usage.costUsd);
   */
  async usage(
    by: readonly UsageDimension[],
    report: UsageOptions = {},
    options?: RequestOptions,
  ): Promise<readonly UsageGroup[]> {
    const { usageReport } = await this.#transport.data(USAGE_REPORT, { by, ...report }, options);
    return usageReport;
  }

  /**
   * The data of an operation of your own, typed where the document is. A mutation is sent again only if its variables, or the `input`
   * among them, have an `operationId`. Rejects with a `RequestError` if the answer has errors; typed errors of mutations are data.
   *
   * @example
   * const data = await client.request<{ store: { sessionCount: number } }>('{ store { sessionCount } }');
   */
  async request<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: AnyDocument<Data, Variables>,
    ...[variables, options]: VariablesOf<Variables>
  ): Promise<Data> {
    const text = textOf(document as AnyDocument<unknown, never>);
    return this.#transport.data(text, variables, options, isRepeatable(text, variables));
  }
}
