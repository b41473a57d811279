import type { JsonObject, JsonValue } from '../../../model/json.ts';
import {
  ALL_TEXTS,
  MESSAGE_ROLES,
  type Message,
  type ShownTexts,
  type ToolCall,
} from '../../../model/message.ts';
import { messageOf, type StoredMessage } from '../../records/stored-message.ts';
import type { Columns } from './insert.ts';

/** The columns that hold what a message says, as it is stored. */
export interface FormColumns {
  /** Position in `MESSAGE_ROLES`. */
  readonly role: number;
  readonly key: string | null;
  readonly model: string | null;
  readonly tool_call_id: string | null;
  readonly usage: string | null;
  readonly content: string;
  readonly content_length: number;
  readonly reasoning: string | null;
  readonly tool_calls: string | null;
  readonly payload: string | null;
  readonly metadata: string | null;
  readonly rest: string | null;
  readonly bytes: number;
}

/** A row of `messages`: `migrations/tables.ts` says what the columns mean. */
export interface MessageRow extends FormColumns {
  readonly home: number;
  readonly sid: number;
  readonly ordinal: number;
  readonly position: number;
  readonly created_at: number;
  readonly is_copy: boolean;
  readonly replaced_at: number | null;
  readonly redacted_at: number | null;
  readonly clock: number;
  readonly replaced_clock: number | null;
  readonly dropped_clock: number | null;
  readonly dropped_number: number | null;
  readonly taken_over: boolean;
}

/** The types of the columns of a form. */
export const FORM_COLUMNS: Columns<FormColumns> = {
  role: 'int2',
  key: 'text',
  model: 'text',
  tool_call_id: 'text',
  usage: 'text',
  content: 'text',
  content_length: 'int8',
  reasoning: 'text',
  tool_calls: 'text',
  payload: 'text',
  metadata: 'text',
  rest: 'text',
  bytes: 'int8',
};

/** The types of the columns of `messages`, but for `origin`, which only a fork writes. */
export const MESSAGE_COLUMNS: Columns<MessageRow> = {
  home: 'int8',
  sid: 'int8',
  ordinal: 'int8',
  position: 'int8',
  created_at: 'int8',
  ...FORM_COLUMNS,
  is_copy: 'bool',
  replaced_at: 'int8',
  redacted_at: 'int8',
  clock: 'int8',
  replaced_clock: 'int8',
  dropped_clock: 'int8',
  dropped_number: 'int8',
  taken_over: 'bool',
};

/** Members of a stored message without a column. */
type Rest = Pick<StoredMessage, 'kind' | 'name' | 'isError'>;

/** A stored message as columns. */
export function formColumns(stored: StoredMessage): FormColumns {
  const { kind, name, isError } = stored;
  const texts = {
    content: stored.content,
    reasoning: stored.reasoning ?? null,
    tool_calls: jsonOrNull(stored.toolCalls),
    payload: jsonOrNull(stored.payload),
    metadata: jsonOrNull(stored.metadata),
  };
  return {
    ...texts,
    role: MESSAGE_ROLES.indexOf(stored.role),
    key: stored.key ?? null,
    model: stored.model ?? null,
    tool_call_id: stored.toolCallId ?? null,
    usage: jsonOrNull(stored.usage),
    content_length: stored.content.length,
    rest:
      kind === undefined && name === undefined && isError === undefined
        ? null
        : JSON.stringify({ kind, name, isError }),
    bytes: Object.values(texts).reduce((sum, text) => sum + (text === null ? 0 : Buffer.byteLength(text)), 0),
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** What a read of a message selects: texts that are not shown are left out. */
export type ReadMessageRow = Omit<
  MessageRow,
  'home' | 'sid' | 'bytes' | 'clock' | 'replaced_clock' | 'dropped_clock' | 'dropped_number' | 'taken_over'
>;

/** The message with only those of its texts that are `shown`. */
export function messageOfRow(row: ReadMessageRow, sessionId: string, shown: ShownTexts = ALL_TEXTS): Message {
  const rest = row.rest === null ? {} : (JSON.parse(row.rest) as Rest);
  const stored: StoredMessage = {
    ...rest,
    role: MESSAGE_ROLES[row.role]!,
    content: row.content ?? '',
    key: row.key ?? undefined,
    model: row.model ?? undefined,
    toolCallId: row.tool_call_id ?? undefined,
    usage: parsed(row.usage),
    reasoning: row.reasoning ?? undefined,
    toolCalls: parsed<ToolCall[]>(row.tool_calls),
    payload: parsed<JsonValue>(row.payload),
    metadata: parsed<JsonObject>(row.metadata),
  };
  const place = {
    sessionId,
    ordinal: row.ordinal,
    position: row.position,
    at: new Date(row.created_at),
    isCopy: row.is_copy,
    replacedAt: row.replaced_at === null ? null : new Date(row.replaced_at),
    redactedAt: row.redacted_at === null ? null : new Date(row.redacted_at),
  };
  return { ...messageOf(stored, place, shown), contentLength: row.content_length };
}

function parsed<T>(text: string | null): T | undefined {
  return text === null || text === undefined ? undefined : (JSON.parse(text) as T);
}
