import type { Phrase } from '../../../model/search/query.ts';
import { beginningOf, lexemeOf, PHRASE_MAX, partLexeme } from './vectors.ts';

/** The `tsquery` that a text matches which has the phrase. */
export function queryOf({ tokens, isPrefix }: Phrase): string {
  if (tokens.length === 1) return `(${lexemesOf(tokens[0]!, isPrefix).join(' | ')})`;
  const lexemes = tokens.map((token, n) => quoted(token, isPrefix && n === tokens.length - 1));
  // A phrase longer than the limits of input allow is compared piece by piece.
  const pieces: string[] = [];
  for (let from = 0; from === 0 || from + PHRASE_MAX - 1 < lexemes.length; from += PHRASE_MAX - 1)
    pieces.push(`(${lexemes.slice(from, from + PHRASE_MAX).join(' <-> ')})`);
  return `(${pieces.join(' & ')})`;
}

/** The `tsquery` of all words, any of which makes a text more relevant. */
export function rankingQueryOf(phrases: readonly Phrase[]): string {
  const lexemes = phrases.flatMap(({ tokens, isPrefix }) =>
    tokens.flatMap((token, n) => {
      const isBeginning = isPrefix && n === tokens.length - 1;
      return tokens.length === 1 ? lexemesOf(token, isBeginning) : [quoted(token, isBeginning)];
    }),
  );
  return [...new Set(lexemes)].join(' | ');
}

/** A query of one token also matches it as a part of a longer token. */
function lexemesOf(token: string, isPrefix: boolean): string[] {
  const part = partLexeme(beginningOf(token));
  return [quoted(token, isPrefix), isPrefix ? `'${part}':*` : `'${part}'`];
}

/** Tokens are letters and digits: they have no quotes in them. */
function quoted(token: string, isPrefix: boolean): string {
  return isPrefix ? `'${beginningOf(token)}':*` : `'${lexemeOf(token)}'`;
}
