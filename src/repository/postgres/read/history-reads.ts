import { ALL_TEXTS, MESSAGE_ROLES, type Message, textBytesOf } from '../../../model/message.ts';
import { chargeExcess, countLimitOf, type ReadOptions, throwIfOver } from '../../read-options.ts';
import type {
  AskedTexts,
  HistoryPage,
  HistoryRequest,
  HistoryScope,
  KeyedMessageRequest,
  MessageRequest,
  ToolResultRequest,
} from '../../reads.ts';
import { TextAllowance } from '../../text-allowance.ts';
import { FIRST_PARAMETER, FOUND_COLUMNS, findRows, foundMessages, shownMessage } from './found-messages.ts';
import { HistoryPages } from './history-pages.ts';
import { IS_IN_SCOPE, scopeColumns } from './history-requests.ts';
import type { ReadParts } from './parts.ts';
import { ShownColumns } from './shown-columns.ts';
import { AT_PLACE } from './subtree-sums.ts';
import { transposed } from './transposed.ts';

const P = FIRST_PARAMETER;

/** A statement that reads the message `m` of each request. `columns`: further arrays of requests, beside `home`, `sid` and `shown`. */
function oneEach(columns: readonly (readonly [name: string, type: string])[], messages: string): string {
  const arrays = columns.map(([, type], n) => `, $${P + 3 + n}::${type}[]`).join('');
  const names = columns.map(([name]) => `${name}, `).join('');
  return foundMessages(`SELECT asked.n, asked.shown, 0 AS k, 1 AS shown_max, ${FOUND_COLUMNS}
    FROM unnest($${P}::int8[], $${P + 1}::int8[], $${P + 2}::int8[]${arrays}) WITH ORDINALITY AS asked (home, sid, shown, ${names}n)
    ${AT_PLACE} ${messages}`);
}

/** The message of the history of `asked`; OFFSET as in `joins.ts`. */
function messageWhere(name: string, condition: string): string {
  return `CROSS JOIN LATERAL (SELECT * FROM messages x WHERE x.home = asked.home AND x.sid = asked.sid
      AND ${condition} AND x.dropped_clock IS NULL OFFSET 0) AS ${name}`;
}

const BY_ORDINAL = oneEach([['ordinal', 'int8']], messageWhere('m', 'x.ordinal = asked.ordinal'));

const BY_KEY = oneEach([['key', 'text']], messageWhere('m', 'x.key = asked.key'));

const RESULTS = oneEach(
  [
    ['ordinal', 'int8'],
    ['tool_call_id', 'text'],
  ],
  `${messageWhere('call', 'x.ordinal = asked.ordinal')}
    CROSS JOIN LATERAL (SELECT * FROM messages r WHERE r.home = asked.home AND r.sid = asked.sid AND r.tool_call_id = asked.tool_call_id
      AND r.role = ${MESSAGE_ROLES.indexOf('TOOL')} AND r.dropped_clock IS NULL AND r.ordinal > asked.ordinal
      ORDER BY r.ordinal LIMIT 1) AS m`,
);

const COUNTS = `SELECT asked.n::int4, s.next_ordinal, CASE WHEN asked.is_whole THEN s.history_length ELSE (
      SELECT count(*) FROM messages m WHERE m.home = asked.home AND m.sid = asked.sid AND ${IS_IN_SCOPE}
    ) END AS count
  FROM unnest($1::int8[], $2::int8[], $3::int4[], $4::int8[], $5::int8[], $6::bool[])
    WITH ORDINALITY AS asked (home, sid, mask, created_after, created_before, is_whole, n)
  ${AT_PLACE}`;

interface CountRow {
  readonly n: number;
  readonly next_ordinal: number;
  readonly count: number;
}

/** Reads histories and single messages. */
export class HistoryReads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  async historyOf(
    requests: readonly HistoryRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]> {
    const places = await this.#placesOf(requests, options);
    return await new HistoryPages(this.#parts, maxBytes, options).read(requests, places);
  }

  async countHistory(scopes: readonly HistoryScope[], options?: ReadOptions): Promise<number[]> {
    const places = await this.#placesOf(scopes, options);
    const counts = scopes.map(() => 0);
    const asked = scopes.flatMap((scope, n) => {
      const place = places.get(scope.sessionId);
      const columns = scopeColumns(scope);
      return place && columns.mask !== 0 ? [{ n, ...place, ...columns }] : [];
    });
    if (asked.length === 0) return counts;
    const columns = asked.map((one) => [
      one.home,
      one.sid,
      one.mask,
      one.createdAfter,
      one.createdBefore,
      one.isWhole,
    ]);
    const rows = await this.#parts.database.rows<CountRow>(COUNTS, transposed(columns, 6), options);
    const limit = countLimitOf(options);
    let walked = 0;
    for (const { n, count, next_ordinal } of rows) {
      const one = asked[n - 1]!;
      counts[one.n] = Math.min(count, limit);
      walked += one.isWhole ? 1 : next_ordinal;
    }
    if (walked > 0) options?.onWalk?.(walked);
    return counts;
  }

  findMessages(
    requests: readonly MessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    return this.#find(BY_ORDINAL, requests, ({ ordinal }) => [ordinal], maxBytes, options);
  }

  findMessagesByKey(
    requests: readonly KeyedMessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    return this.#find(BY_KEY, requests, ({ key }) => [key], maxBytes, options);
  }

  findToolResults(
    requests: readonly ToolResultRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    return this.#find(
      RESULTS,
      requests,
      ({ ordinal, toolCallId }) => [ordinal, toolCallId],
      maxBytes,
      options,
    );
  }

  /** The message of each request, by a statement of `oneEach` with the columns that `columnsOf` gives. */
  async #find<Request extends AskedTexts & { readonly sessionId: string }>(
    sql: string,
    requests: readonly Request[],
    columnsOf: (request: Request) => (string | number)[],
    maxBytes: number,
    options: ReadOptions | undefined,
  ): Promise<(Message | null)[]> {
    const places = await this.#placesOf(requests, options);
    const messages: (Message | null)[] = requests.map(() => null);
    const shown = new ShownColumns();
    const asked = requests.flatMap((request, n) => {
      const place = places.get(request.sessionId);
      if (!place) return [];
      const columns = [place.home, place.sid, shown.idOf(request.shown), ...columnsOf(request)];
      return [{ n, request, columns }];
    });
    if (asked.length === 0) return messages;
    const values = transposed(
      asked.map(({ columns }) => columns),
      asked[0]!.columns.length,
    );
    const rows = await findRows(this.#parts.database, { sql, values }, shown, maxBytes, options);
    const read = rows.filter((row) => !row.is_withheld && asked[row.n - 1]!.request.shown !== null);
    const bytes = read.reduce((sum, row) => sum + row.bytes, 0);
    if (bytes > 0) options?.onRead?.(bytes);
    const allowance = new TextAllowance(maxBytes);
    for (const row of rows) {
      const { n, request } = asked[row.n - 1]!;
      const { sessionId, shown: parts } = request;
      if (row.is_withheld && parts !== null) allowance.exceed();
      const message = shownMessage(row, sessionId, parts);
      if (parts !== null) {
        const counted = textBytesOf(message, parts ?? ALL_TEXTS);
        allowance.take(counted);
        chargeExcess(options, counted, row.bytes);
      }
      messages[n] = message;
    }
    return messages;
  }

  async #placesOf(requests: readonly { readonly sessionId: string }[], options?: ReadOptions) {
    throwIfOver(options);
    return await this.#parts.places.of(
      requests.map(({ sessionId }) => sessionId),
      options,
    );
  }
}
