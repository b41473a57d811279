import type { NewMessage } from '../../../../src/model/message.ts';
import { type SearchField, searchedText } from '../../../../src/model/search/fields.ts';
import { matchesAll } from '../../../../src/model/search/matches.ts';
import { parseQuery } from '../../../../src/model/search/query.ts';

/** True if a search finds the message: every phrase, each within one of the fields. */
export function isFound(message: NewMessage, query: string, fields: readonly SearchField[]): boolean {
  const phrases = parseQuery(query);
  return (
    phrases.length > 0 &&
    phrases.every((phrase) => fields.some((field) => matchesAll(searchedText(message, field), [phrase])))
  );
}
