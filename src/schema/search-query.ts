import type { Limits } from '../model/limits.ts';
import { parseQuery } from '../model/search/query.ts';
import { badUserInput } from './request-error.ts';

/** Throws BAD_USER_INPUT if a query, given as `argument`, exceeds a limit of searches. */
export function checkQuery(
  { query }: { readonly query: string },
  { limits }: { readonly limits: Limits },
  argument = 'query',
): void {
  const { queryLength, queryWords, queryTokens, queryPrefixes } = limits;
  if (query.length > queryLength)
    throw tooMany(argument, queryLength, 'characters', 'queryLength', query.length);
  const phrases = parseQuery(query);
  if (phrases.length > queryWords)
    throw tooMany(argument, queryWords, 'words and phrases', 'queryWords', phrases.length);
  const tokens = phrases.reduce((sum, phrase) => sum + phrase.tokens.length, 0);
  if (tokens > queryTokens)
    throw tooMany(
      argument,
      queryTokens,
      'words, or characters of a script without spaces',
      'queryTokens',
      tokens,
    );
  const prefixes = phrases.filter(({ isPrefix }) => isPrefix).length;
  if (prefixes > queryPrefixes)
    throw tooMany(argument, queryPrefixes, 'words and phrases that end in "*"', 'queryPrefixes', prefixes);
}

function tooMany(argument: string, most: number, what: string, limit: keyof Limits, count: number) {
  return badUserInput(
    `${argument}: expected at most ${most} ${what} (the limit ${limit}), got ${count}. Search for fewer words.`,
  );
}
