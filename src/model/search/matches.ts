import type { Phrase } from './query.ts';
import { matchesAt } from './snippet.ts';
import { tokensOf } from './tokens.ts';

/** True if a short text contains every phrase: the rule by which a search finds a message. Without phrases, nothing matches. */
export function matchesAll(text: string, phrases: readonly Phrase[]): boolean {
  const tokens = [...tokensOf(text)];
  return (
    phrases.length > 0 &&
    phrases.every((phrase) => tokens.some((_token, place) => matchesAt(tokens, place, phrase)))
  );
}
