import type { UIMessage } from 'ai';

/** A message of the user with one text. */
export const says = (id: string, words: string, role: UIMessage['role'] = 'user'): UIMessage => ({
  id,
  role,
  parts: [{ type: 'text', text: words }],
});

/** An answer with one text. */
export const answers = (id: string, words: string) => says(id, words, 'assistant');

/** What is left of a value as JSON: members that are undefined are gone. */
export const asJson = <Value>(value: Value) => JSON.parse(JSON.stringify(value)) as Value;

export const idsOf = (messages: readonly UIMessage[]) => messages.map(({ id }) => id);
