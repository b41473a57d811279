import { tokensOf } from './tokens.ts';

/** Consecutive tokens. `isPrefix`: the last token is a prefix. */
export interface Phrase {
  readonly tokens: readonly string[];
  readonly isPrefix: boolean;
}

/** White space, without the byte order mark, which JavaScript includes but which does not separate words. */
const PHRASE = /(?:"([^"]*)"?|((?:[^\s"*]|\ufeff)+))(\*?)/gu;

/**
 * The distinct phrases of a query. A message must contain all of them, in any order. A phrase is a word, a text in double quotes, or a
 * word of several tokens (`foo-bar`, 数据). `*` after a word or a closing quote makes the last token a prefix. No query is a syntax error.
 * A query without letters, digits and emoji has no phrases, and finds nothing.
 */
export function parseQuery(query: string): Phrase[] {
  const phrases = new Map<string, Phrase>();
  for (const [, quoted, word, star] of query.matchAll(PHRASE)) {
    const tokens = [...tokensOf(quoted ?? word ?? '')].map(({ text }) => text);
    const isPrefix = star === '*';
    if (tokens.length > 0) phrases.set(`${tokens.join(' ')}${star}`, { tokens, isPrefix });
  }
  return [...phrases.values()];
}
