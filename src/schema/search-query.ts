import type { Limits } from '../model/limits.ts';
import { parseQuery } from '../model/search/query.ts';
import { badUserInput } from './request-error.ts';

/** Throws BAD_USER_INPUT if a query exceeds a limit of searches. */
export function checkQuery(
  { query }: { readonly query: string },
  { limits }: { readonly limits: Limits },
): void {
  const { queryLength, queryWords, queryTokens, queryPrefixes } = limits;
  if (query.length > queryLength) throw tooMany(queryLength, 'characters', 'queryLength', query.length);
  const phrases = parseQuery(query);
  if (phrases.length > queryWords)
    throw tooMany(queryWords, 'words and phrases', 'queryWords', phrases.length);
  const tokens = phrases.reduce((sum, phrase) => sum + phrase.tokens.length, 0);
  if (tokens > queryTokens)
    throw tooMany(queryTokens, 'words, or characters of a script without spaces', 'queryTokens', tokens);
  const prefixes = phrases.filter(({ isPrefix }) => isPrefix).length;
  if (prefixes > queryPrefixes)
    throw tooMany(queryPrefixes, 'words and phrases that end in "*"', 'queryPrefixes', prefixes);
}

function tooMany(most: number, what: string, limit: keyof Limits, count: number) {
  return badUserInput(
    `query: expected at most ${most} ${what} (the limit ${limit}), got ${count}. Search for fewer words.`,
  );
}
