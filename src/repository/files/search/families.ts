import { SEARCH_FIELDS, type SearchField } from '../../../model/search/fields.ts';

/** The columns of a field: its text, and the parts of the words of its text; see `indexedText`. */
export interface FieldColumns {
  readonly body: string;
  readonly parts: string;
}

type ColumnsOf = Readonly<Partial<Record<SearchField, FieldColumns>>>;

/** Full-text tables with the same columns. Each is a partition; the table `partitions` lists them. */
export interface Family {
  readonly partitions: string;
  /** The names of the full-text tables begin with this. */
  readonly table: string;
  readonly fields: readonly SearchField[];
  readonly columnsOf: ColumnsOf;
  /** All columns except `scope`, in the order of the fields. */
  readonly columns: readonly string[];
}

const CONTENT: FieldColumns = { body: 'body', parts: 'parts' };

/** The contents of all messages except EVENT messages: whatever the most common search can find, and nothing else. */
export const CONTENTS: Family = familyOf('partitions', 'texts', { CONTENT });

/**
 * All fields of those messages that have more than a content, and of EVENT messages. Most of these messages are in CONTENTS, too: a search
 * in several fields can find one word in the content and another in the reasoning, and a search in the content alone reads no texts but
 * contents, and compares a message's length with that of no other text.
 */
export const WHOLES: Family = familyOf('whole_partitions', 'wholes', {
  CONTENT,
  REASONING: { body: 'reasoning', parts: 'reasoning_parts' },
  TOOL_CALLS: { body: 'tool_calls', parts: 'tool_call_parts' },
});

function familyOf(partitions: string, table: string, columnsOf: ColumnsOf): Family {
  const fields = SEARCH_FIELDS.filter((field) => columnsOf[field]);
  const columns = Object.values(columnsOf).flatMap(({ body, parts }) => [body, parts]);
  return { partitions, table, fields, columnsOf, columns };
}
