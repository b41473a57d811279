import { ALL_TEXTS, MESSAGE_ROLES, type Message, type ShownParts } from '../../../model/message.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { messageOfRow, type ReadMessageRow } from '../rows/message-row.ts';
import {
  READ_TEXTS,
  SHOWN_BYTES,
  SHOWN_PARAMETERS,
  SHOWN_TEXTS,
  type ShownColumns,
  shownFrom,
} from './shown-columns.ts';

/** Columns of a message that are read whatever is shown. */
const HEAD_COLUMNS = [
  'ordinal',
  'position',
  'role',
  'created_at',
  'key',
  'model',
  'tool_call_id',
  'usage',
  'content_length',
  'rest',
  'is_copy',
  'replaced_at',
  'redacted_at',
  'bytes',
];

/** The columns of a message `m` that `foundMessages` selects from. */
export const FOUND_COLUMNS = [...HEAD_COLUMNS, ...Object.keys(READ_TEXTS)]
  .map((name) => `m.${name}`)
  .join(', ');

/** A message that was found for a request. */
export interface FoundRow extends ReadMessageRow {
  /** The number of the request, from 1. */
  readonly n: number;
  readonly ordinal: number;
  /** The number of the message among those of its request, from 1, in the direction of reading. */
  readonly rank: number;
  /** Of all texts of the message. */
  readonly bytes: number;
  /** True if the texts were not read: the rows before it show more than is allowed. */
  readonly is_withheld: boolean;
}

/** A statement that finds messages: its text, and the parameters behind those of every such statement. */
export interface Finding {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** The number of the first parameter of a `Finding`. */
export const FIRST_PARAMETER = SHOWN_PARAMETERS + 2;

/**
 * A statement that reads the messages that `found` selects: for each the number `n` of its request, its number `shown` in `ShownColumns`,
 * its place `k` in the direction of reading, how many of the request's messages are shown (`shown_max`), and `FOUND_COLUMNS`. Texts are
 * read until the bytes that are shown exceed the first parameter. `more`: further columns of `found`.
 */
export function foundMessages(found: string, more: readonly string[] = []): string {
  const heads = [...HEAD_COLUMNS, ...more];
  const texts = Object.entries(READ_TEXTS).map(
    ([name, text]) => `CASE WHEN NOT is_withheld AND rank <= shown_max THEN ${text} END AS ${name}`,
  );
  return `SELECT n, rank, ${heads.join(', ')}, is_withheld, ${texts.join(', ')}
  FROM (
    SELECT *, coalesce(sum(CASE WHEN rank <= shown_max THEN shown_bytes END)
      OVER (ORDER BY n, k ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) > $1::float8 AS is_withheld
    FROM (
      SELECT found.n, found.k, found.shown_max, row_number() OVER (PARTITION BY found.n ORDER BY found.k) AS rank,
        show_content, cut_max, ${heads.map((name) => `found.${name}`).join(', ')}, ${SHOWN_TEXTS},
        (${SHOWN_BYTES})::float8 AS shown_bytes
      FROM (${found}) AS found JOIN ${shownFrom(2)} ON shown.id = found.shown
    ) AS ranked
  ) AS summed
  ORDER BY n, k`;
}

/** Runs a statement of `foundMessages`. */
export async function findRows<Row extends FoundRow>(
  queries: Queries,
  { sql, values }: Finding,
  shown: ShownColumns,
  maxBytes: number,
  options?: ReadOptions,
): Promise<Row[]> {
  return await queries.rows<Row>(sql, [maxBytes, ...shown.values, ...values], options);
}

/** A message without its texts, or with those that are `shown`. */
export function shownMessage(row: FoundRow, sessionId: string, shown: ShownParts): Message {
  if (shown !== null) return messageOfRow(row, sessionId, shown ?? ALL_TEXTS);
  const { ordinal, position, role, created_at } = row;
  return {
    sessionId,
    ordinal,
    position,
    role: MESSAGE_ROLES[role]!,
    createdAt: new Date(created_at),
  } as Message;
}
