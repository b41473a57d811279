import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageRef } from '../../../model/id.ts';
import type { ToolCall } from '../../../model/message.ts';
import { SEARCH_FIELDS, type SearchField, searchedText } from '../../../model/search/fields.ts';
import { type Phrase, parseQuery } from '../../../model/search/query.ts';
import { type SnippetPart, snippetSteps } from '../../../model/search/snippet.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type { SnippetRequest } from '../../reads.ts';
import type { ReadParts } from '../read/parts.ts';
import { homesOf } from '../rows/places.ts';

type Snippet = readonly SnippetPart[] | null;

/** Bytes of messages that are in memory at the same time, if each is smaller. */
const READ_BYTES = 4 * 1024 * 1024;
/** Milliseconds after which other requests have their turn. */
const STRETCH_MS = 5;

/** The messages whose texts come to so many bytes; the others follow. The first is read, however long. */
const SELECT_TEXTS = `SELECT n, bytes, is_read, CASE WHEN is_read AND $4::bool THEN content ELSE '' END AS content,
    CASE WHEN is_read AND $5::bool THEN reasoning END AS reasoning, CASE WHEN is_read AND $6::bool THEN tool_calls END AS tool_calls
  FROM (
    SELECT r.n, m.bytes, m.content, m.reasoning, m.tool_calls,
      sum(m.bytes) OVER (ORDER BY r.n) <= ${READ_BYTES} OR row_number() OVER (ORDER BY r.n) = 1 AS is_read
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) WITH ORDINALITY AS r (home, sid, ordinal, n)
    JOIN messages m ON m.home = r.home AND m.sid = r.sid AND m.ordinal = r.ordinal
    WHERE m.home = ANY($7::int8[]) AND m.dropped_clock IS NULL
      AND EXISTS (SELECT FROM sessions s WHERE s.home = r.home AND s.sid = r.sid AND s.home = ANY($7::int8[]))
  ) AS m ORDER BY n`;

interface TextsRow {
  readonly n: number;
  readonly bytes: number;
  readonly is_read: boolean;
  readonly content: string;
  readonly reasoning: string | null;
  readonly tool_calls: string | null;
}

interface Wanted {
  /** Position in the request. */
  readonly at: number;
  readonly home: number;
  readonly sid: number;
  readonly ordinal: number;
}

/**
 * The snippet of each message; null where it does not match or is gone. Reads `READ_BYTES` at a time, and lets other requests run between.
 */
export async function snippetsOf(
  { database, places }: ReadParts,
  { query, fields: given }: SnippetRequest,
  refs: readonly MessageRef[],
  options?: ReadOptions,
): Promise<Snippet[]> {
  throwIfOver(options);
  const snippets: Snippet[] = refs.map(() => null);
  const phrases = parseQuery(query);
  const fields = SEARCH_FIELDS.filter((field) => (given ?? ['CONTENT']).includes(field));
  const known = await places.of(
    refs.map(({ sessionId }) => sessionId),
    options,
  );
  let wanted = refs.flatMap(({ sessionId, ordinal }, at): Wanted[] => {
    const place = known.get(sessionId);
    return place ? [{ at, ...place, ordinal }] : [];
  });
  while (wanted.length > 0) {
    const rows = await database.rows<TextsRow>(
      SELECT_TEXTS,
      [
        wanted.map(({ home }) => home),
        wanted.map(({ sid }) => sid),
        wanted.map(({ ordinal }) => ordinal),
        ...SEARCH_FIELDS.map((field) => fields.includes(field)),
        homesOf(wanted),
      ],
      options,
    );
    const read = rows.filter(({ is_read: isRead }) => isRead);
    if (read.length > 0) options?.onRead?.(read.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const row of read) snippets[wanted[row.n - 1]!.at] = await snippetOf(row, fields, phrases, options);
    wanted = rows.filter(({ is_read: isRead }) => !isRead).map(({ n }) => wanted[n - 1]!);
  }
  return snippets;
}

async function snippetOf(
  { content, reasoning, tool_calls: toolCalls }: TextsRow,
  fields: readonly SearchField[],
  phrases: readonly Phrase[],
  options?: ReadOptions,
): Promise<Snippet> {
  const message = {
    content,
    reasoning,
    toolCalls: toolCalls === null ? null : (JSON.parse(toolCalls) as ToolCall[]),
  };
  for (const field of fields) {
    const text = searchedText(message, field);
    const snippet = text === '' ? null : await snippetIn(text, phrases, options);
    if (snippet) return snippet;
  }
  return null;
}

async function snippetIn(text: string, phrases: readonly Phrase[], options?: ReadOptions): Promise<Snippet> {
  const steps = snippetSteps(text, phrases);
  let until = performance.now() + STRETCH_MS;
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    await nextTurn();
    throwIfOver(options);
    until = performance.now() + STRETCH_MS;
  }
}
