import { ALL_TEXTS, type Message, textBytesOf } from '../../../model/message.ts';
import { chargeExcess, type ReadOptions } from '../../read-options.ts';
import { type HistoryPage, type HistoryRequest, UnknownKeyError } from '../../reads.ts';
import { TextAllowance } from '../../text-allowance.ts';
import type { Place } from '../rows/places.ts';
import {
  FIRST_PARAMETER,
  FOUND_COLUMNS,
  type FoundRow,
  findRows,
  foundMessages,
  shownMessage,
} from './found-messages.ts';
import { IS_IN_SCOPE, type ScopeColumns, scopeColumns } from './history-requests.ts';
import { sessionAt } from './joins.ts';
import type { ReadParts } from './parts.ts';
import { ShownColumns } from './shown-columns.ts';
import { transposed } from './transposed.ts';

const P = FIRST_PARAMETER;

/** What requests of a batch often have in common is sent once: a request names its shape by a number, from 1. */
const SHAPES = `unnest($${P}::int8[], $${P + 1}::int8[], $${P + 2}::int8[], $${P + 3}::bool[], $${P + 4}::int4[], $${P + 5}::int8[],
        $${P + 6}::int8[]) WITH ORDINALITY AS shape (shown, shown_max, read_max, is_forward, mask, created_after, created_before, id)`;
const REQUESTS = `unnest($${P + 7}::int8[], $${P + 8}::int8[], $${P + 9}::int8[], $${P + 10}::int8[], $${P + 11}::int8[]`;

const ASKED = `SELECT request.n, request.home, request.sid, request.low, request.high, shape.*, s.next_ordinal`;
const FROM_SESSIONS = sessionAt('request', 's');

const ASKED_ANYWHERE = `${ASKED} FROM ${REQUESTS}) WITH ORDINALITY AS request (home, sid, shape, low, high, n)
      JOIN ${SHAPES} ON shape.id = request.shape ${FROM_SESSIONS}`;

/**
 * `place` is the position at which a page begins or ends. For an ordinal, that is the position of its message, dropped or not; if there is
 * no such message, the ordinal alone divides the history. The ordinal of a message is at least its position, and exceeds it by at most
 * `gone`, the number of ordinals that are no longer in the history.
 */
const ASKED_AT_PLACES = `SELECT asked.n, asked.home, asked.sid, asked.shown, asked.shown_max, asked.read_max, asked.is_forward, asked.mask,
        asked.created_after, asked.created_before, asked.next_ordinal, asked.place,
        CASE WHEN asked.is_forward THEN greatest(asked.low, coalesce(asked.at_ordinal, asked.place) - 1) ELSE asked.low END AS low,
        CASE WHEN asked.is_forward THEN asked.high ELSE least(asked.high, coalesce(asked.place + asked.gone, asked.at_ordinal)) END AS high
      FROM (${ASKED}, s.next_ordinal - s.history_length AS gone, request.at_ordinal, coalesce(request.at_position, at.position) AS place
        FROM ${REQUESTS}, $${P + 12}::int8[], $${P + 13}::int8[])
          WITH ORDINALITY AS request (home, sid, shape, low, high, at_position, at_ordinal, n)
        JOIN ${SHAPES} ON shape.id = request.shape ${FROM_SESSIONS}
        LEFT JOIN LATERAL (SELECT * FROM messages x
          WHERE x.home = request.home AND x.sid = request.sid AND x.ordinal = request.at_ordinal OFFSET 0) AS at ON true) AS asked`;

const IS_AT_PLACE = {
  start: 'AND (asked.place IS NULL OR m.position >= asked.place)',
  end: 'AND (asked.place IS NULL OR m.position < asked.place)',
};

function pages(asked: string, isPlaced: boolean): string {
  const oneWay = (
    from: 'start' | 'end',
    k: string,
    order: string,
  ) => `(SELECT ${k} AS k, ${FOUND_COLUMNS} FROM messages m
      WHERE ${from === 'start' ? '' : 'NOT '}asked.is_forward AND m.home = asked.home AND m.sid = asked.sid
      AND m.ordinal > asked.low AND m.ordinal < asked.high AND ${IS_IN_SCOPE} ${isPlaced ? IS_AT_PLACE[from] : ''}
      ORDER BY m.ordinal ${order} LIMIT asked.read_max)`;
  return foundMessages(
    `SELECT asked.n, asked.shown, asked.shown_max, asked.low, asked.high, asked.next_ordinal, m.* FROM (${asked}) AS asked
    LEFT JOIN LATERAL (${oneWay('start', 'm.ordinal', 'ASC')} UNION ALL ${oneWay('end', '-m.ordinal', 'DESC')}) AS m ON true`,
    ['low', 'high', 'next_ordinal'],
  );
}

const PAGES = pages(ASKED_ANYWHERE, false);
const PAGES_AT_PLACES = pages(ASKED_AT_PLACES, true);

/**
 * True if the position of the first message says whether there are others before it. A third of the rows of many short pages, as those of a
 * tree with its last messages, are not needed then.
 */
function isTold({ page, place }: HistoryRequest, { isWhole }: ScopeColumns): boolean {
  return page.from === 'end' && page.limit > 0 && page.after === undefined && !place && isWhole;
}

/** A message of a page, or the one further message that says that more follow; without an ordinal if the page is empty. */
interface PageRow extends Omit<FoundRow, 'ordinal'> {
  readonly ordinal: number | null;
  /** Between these ordinals messages were looked for. */
  readonly low: number;
  readonly high: number;
  readonly next_ordinal: number;
}

type MessageOfPage = PageRow & FoundRow;

/** A request for messages that may exist. */
interface Asked {
  readonly request: HistoryRequest;
  readonly scope: ScopeColumns;
  readonly place: Place;
}

/** As much of a page as fits. */
interface Fitting {
  readonly page: HistoryPage;
  readonly isCut: boolean;
}

const EMPTY: HistoryPage = { items: [], hasMore: false, textBytes: 0 };

/**
 * Reads the pages of a batch by one statement. Once a page was cut to the bytes that are allowed, each later page of the batch that the
 * statement withheld texts of is read again by itself, with the bytes that are really left.
 */
export class HistoryPages {
  readonly #parts: ReadParts;
  readonly #options: ReadOptions | undefined;
  readonly #allowance: TextAllowance;

  constructor(parts: ReadParts, maxBytes: number, options: ReadOptions | undefined) {
    this.#parts = parts;
    this.#options = options;
    this.#allowance = new TextAllowance(maxBytes);
  }

  /** As `SessionReader.historyOf`. `places` are those of the sessions that may exist. */
  async read(
    requests: readonly HistoryRequest[],
    places: ReadonlyMap<string, Place>,
  ): Promise<HistoryPage[]> {
    const pages: HistoryPage[] = requests.map(() => EMPTY);
    const asked = requests.flatMap((request, n) => {
      const place = places.get(request.sessionId);
      const scope = scopeColumns(request);
      return place && scope.mask !== 0 ? [{ n, request, scope, place }] : [];
    });
    const rows = await this.#rows(asked);
    let isCut = false;
    for (const [k, one] of asked.entries()) {
      let found = rows.get(k + 1) ?? [];
      if (isCut && one.request.shown !== null && found.some(({ is_withheld }) => is_withheld))
        found = (await this.#rows([one])).get(1) ?? [];
      const fitting = this.#page(one, found);
      isCut ||= fitting.isCut;
      pages[one.n] = fitting.page;
    }
    return pages;
  }

  /** The rows of each request, in the direction of reading. */
  async #rows(asked: readonly Asked[]): Promise<Map<number, PageRow[]>> {
    if (asked.length === 0) return new Map();
    const { shown, values, isPlaced } = columnsOf(asked);
    const sql = isPlaced ? PAGES_AT_PLACES : PAGES;
    const { database } = this.#parts;
    const rows = (await findRows(
      database,
      { sql, values },
      shown,
      this.#allowance.left,
      this.#options,
    )) as PageRow[];
    const byRequest = Map.groupBy(rows, ({ n }) => n);
    for (const [k, { request }] of asked.entries()) checkPlace(request, byRequest.get(k + 1)?.[0]);
    this.#charge(asked, rows, byRequest);
    return byRequest;
  }

  #charge(
    asked: readonly Asked[],
    rows: readonly PageRow[],
    byRequest: ReadonlyMap<number, PageRow[]>,
  ): void {
    let bytes = 0;
    for (const row of rows) {
      const { page, shown } = asked[row.n - 1]!.request;
      if (row.ordinal !== null && shown !== null && !row.is_withheld && row.rank <= page.limit)
        bytes += row.bytes;
    }
    if (bytes > 0) this.#options?.onRead?.(bytes);
    let walked = 0;
    for (const [k, { request, scope }] of asked.entries())
      if (!scope.isWhole) walked += steppedOver(byRequest.get(k + 1) ?? [], request);
    if (walked > 0) this.#options?.onWalk?.(walked);
  }

  #page({ request, scope }: Asked, rows: readonly PageRow[]): Fitting {
    const { sessionId, page, shown } = request;
    const found = rows.filter((row): row is MessageOfPage => row.ordinal !== null);
    const items: Message[] = [];
    let textBytes = 0;
    let readBytes = 0;
    let isCut = false;
    for (const row of found.slice(0, page.limit)) {
      const message = shownMessage(row, sessionId, shown);
      const bytes = shown === null ? 0 : textBytesOf(message, shown ?? ALL_TEXTS);
      isCut = (row.is_withheld && shown !== null) || !this.#allowance.tryTake(bytes);
      if (isCut) break;
      items.push(message);
      textBytes += bytes;
      readBytes += row.bytes;
    }
    chargeExcess(this.#options, textBytes, readBytes);
    if (isCut && items.length === 0) this.#allowance.exceed();
    if (page.from === 'end') items.reverse();
    const hasMore = isTold(request, scope) ? (found.at(-1)?.position ?? 0) > 0 : found.length > page.limit;
    return { page: { items, hasMore: isCut || hasMore, textBytes }, isCut };
  }
}

function columnsOf(asked: readonly Asked[]) {
  const shown = new ShownColumns();
  const shapeIds = new Map<string, number>();
  const shapes: (readonly (number | boolean)[])[] = [];
  const requests = asked.map(({ request, scope, place }) => {
    const { page, shown: parts } = request;
    const { mask, createdAfter, createdBefore } = scope;
    const most = page.limit + (isTold(request, scope) ? 0 : 1);
    const shape = [
      shown.idOf(parts),
      page.limit,
      most,
      page.from === 'start',
      mask,
      createdAfter,
      createdBefore,
    ];
    const key = shape.join();
    let id = shapeIds.get(key);
    if (id === undefined) {
      id = shapes.push(shape);
      shapeIds.set(key, id);
    }
    const at = request.place;
    return [
      place.home,
      place.sid,
      id,
      page.after ?? -1,
      page.before ?? Number.MAX_SAFE_INTEGER,
      at && 'position' in at ? at.position : null,
      at && 'ordinal' in at ? at.ordinal : null,
    ];
  });
  const isPlaced = asked.some(({ request }) => request.place);
  const values = [...transposed(shapes, 7), ...transposed(requests, isPlaced ? 7 : 5)];
  return { shown, values, isPlaced };
}

function checkPlace({ place }: HistoryRequest, row: PageRow | undefined): void {
  if (row && place && 'ordinal' in place && place.ordinal >= row.next_ordinal)
    throw new UnknownKeyError(`Expected an ordinal below ${row.next_ordinal}, got ${place.ordinal}.`);
}

/** How many ordinals were passed over that are not of the messages that were found. */
function steppedOver(rows: readonly PageRow[], { page }: HistoryRequest): number {
  const [first] = rows;
  if (!first) return 0;
  const found = first.ordinal === null ? 0 : rows.length;
  const isFull = found > page.limit;
  const last = rows.at(-1)!.ordinal;
  const end = Math.min(first.high, first.next_ordinal);
  const passed =
    page.from === 'start'
      ? (isFull ? last! + 1 : end) - first.low - 1
      : end - (isFull ? last! : first.low + 1);
  return Math.max(0, passed - found);
}
