import type { Message } from '@sessiontree/client';

/** What of a message is in its Markdown. */
export type MarkdownMessage = Pick<
  Message,
  'role' | 'kind' | 'name' | 'content' | 'reasoning' | 'isError'
> & {
  readonly toolCalls: readonly { readonly name: string; readonly arguments: unknown }[];
};

/** A session as Markdown: a heading for each message. */
export function markdownOf(title: string | null, messages: readonly MarkdownMessage[]): string {
  const head = title === null ? [] : [`# ${title.replace(/\s+/g, ' ')}`];
  return `${[...head, ...messages.map(markdownOfMessage)].join('\n\n')}\n`;
}

/** A message as Markdown: who says it, what was thought, what is said, and what is called. */
export function markdownOfMessage(message: MarkdownMessage): string {
  const { role, kind, name, content, reasoning, isError, toolCalls } = message;
  const speaker = role === 'EVENT' ? (kind ?? 'event') : (name ?? role.toLowerCase());
  const parts = [`## ${speaker}${isError ? ' (failed)' : ''}`];
  if (reasoning) parts.push(reasoning.replace(/^/gm, '> '));
  // What a tool answers is no Markdown.
  if (content) parts.push(role === 'TOOL' ? fenced(content) : content);
  for (const call of toolCalls)
    parts.push(`Calls \`${call.name}\`:`, fenced(JSON.stringify(call.arguments, null, 2) ?? '', 'json'));
  return parts.join('\n\n');
}

/** Within a fence that is longer than any in the text. */
function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([fence]) => fence.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
