import type { JsonValue } from '../json.ts';

/** The parts of a message that a search can look at, in the order in which a snippet looks for a match. */
export const SEARCH_FIELDS = ['CONTENT', 'REASONING', 'TOOL_CALLS'] as const;
export type SearchField = (typeof SEARCH_FIELDS)[number];

/** The members of a message from which the searched texts are made. */
export interface SearchedMessage {
  readonly content: string;
  readonly reasoning?: string | null;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments?: JsonValue }[] | null;
}

/**
 * The text of a message in a field. That of the tool calls has a line for each name of a tool, followed by one for each string in the
 * arguments, without the keys of objects.
 */
export function searchedText({ content, reasoning, toolCalls }: SearchedMessage, field: SearchField): string {
  if (field === 'CONTENT') return content;
  if (field === 'REASONING') return reasoning ?? '';
  if (!toolCalls) return '';
  return toolCalls.flatMap(({ name, arguments: given = null }) => [name, ...stringsIn(given)]).join('\n');
}

/** The strings in a value, in their order. Without recursion: a file that another program wrote can nest values very deeply. */
function* stringsIn(value: JsonValue): Generator<string> {
  const left: JsonValue[] = [value];
  while (left.length > 0) {
    const next = left.pop()!;
    if (typeof next === 'string') yield next;
    else if (typeof next === 'object' && next !== null)
      for (const inner of Object.values(next).reverse()) left.push(inner);
  }
}
