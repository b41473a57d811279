import { ALL_TEXTS, NO_TEXTS, type ShownParts, textsKey } from '../../../model/message.ts';
import type { Value } from '../connection/value.ts';
import { transposed } from './transposed.ts';

/** The parts of messages that requests of a batch ask for, each once: a request names its own by a number, from 1. */
export class ShownColumns {
  readonly #ids = new Map<string, number>();
  readonly #rows: number[][] = [];

  /** The number of the parts. */
  idOf(shown: ShownParts): number {
    const key = textsKey(shown);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#rows.push(columnsOf(shown));
      this.#ids.set(key, id);
    }
    return id;
  }

  /** The parameters of `shownFrom`. */
  get values(): Value[] {
    return transposed(this.#rows, COLUMNS.length);
  }
}

function columnsOf(shown: ShownParts): number[] {
  const { content, contentCuts, reasoning, toolCalls, payload, metadata } =
    shown === null ? NO_TEXTS : (shown ?? ALL_TEXTS);
  const cutMin = contentCuts.length === 0 ? 0 : Math.min(...contentCuts);
  const cutMax = Math.max(0, ...contentCuts);
  return [content, contentCuts.length, cutMin, cutMax, reasoning, toolCalls, payload, metadata];
}

const COLUMNS = [
  'show_content',
  'show_cuts',
  'cut_min',
  'cut_max',
  'show_reasoning',
  'show_tool_calls',
  'show_payload',
  'show_metadata',
] as const;

/** The number of parameters that `shownFrom` takes. */
export const SHOWN_PARAMETERS = COLUMNS.length;

/** A FROM item of `ShownColumns`, whose parameters begin with the one of this number. `id` is the number that `idOf` gives. */
export function shownFrom(parameter: number): string {
  const arrays = COLUMNS.map((_, n) => `$${parameter + n}::int8[]`).join(', ');
  return `unnest(${arrays}) WITH ORDINALITY AS shown (${COLUMNS.join(', ')}, id)`;
}

/**
 * A lower bound of the bytes of text that are shown of a message `found`. Exact, unless only a beginning of the content is shown, tool
 * calls without their arguments, or JSON of many short values. PostgreSQL knows the length of a text without reading it.
 */
export const SHOWN_BYTES = `show_content * octet_length(found.content)
          + show_cuts * greatest(0, least(cut_min - 1, found.content_length))
          + show_reasoning * coalesce(octet_length(found.reasoning), 0)
          + show_tool_calls * coalesce(octet_length(found.tool_calls), 0)
          + show_payload * coalesce(octet_length(found.payload), 0)
          + show_metadata * coalesce(octet_length(found.metadata), 0)`;

/** The columns of the texts of a message `found`, each null unless it is shown. Large texts are not read by this. */
export const SHOWN_TEXTS = ['reasoning', 'tool_calls', 'payload', 'metadata']
  .map((name) => `CASE WHEN show_${name} > 0 THEN found.${name} END AS ${name}`)
  .concat('CASE WHEN show_content > 0 OR show_cuts > 0 THEN found.content END AS content')
  .join(', ');

/**
 * The texts themselves. PostgreSQL cuts at characters, `cutContent` at UTF-16 code units: `cut_max` characters are at least `cut_max` code
 * units, so that `cutContent` finds in them what it would find in the whole text.
 */
export const READ_TEXTS: Readonly<Record<string, string>> = {
  content: 'CASE WHEN show_content > 0 THEN content ELSE left(content, cut_max::int4) END',
  reasoning: 'reasoning',
  tool_calls: 'tool_calls',
  payload: 'payload',
  metadata: 'metadata',
};
