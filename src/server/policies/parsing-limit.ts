import { GraphQLError } from 'graphql';
import { nestingOf } from '../nesting.ts';
import { documentError } from '../refusal.ts';
import type { Policy } from './policy.ts';

/** Parser and validation recurse: some 1,500 nested brackets overflow the stack. */
const MAX_NESTING = 400;

/** Bounds the time and the stack that parsing a document takes. */
export function parsingLimit(tokens: number): Policy {
  return {
    name: 'parsing limit',
    parser: (parse) => (source, options) => {
      if (nestingOf(String(source), MAX_NESTING) > MAX_NESTING) {
        throw documentError(
          'QUERY_TOO_DEEP',
          `Expected at most ${MAX_NESTING} brackets within brackets, got more.`,
        );
      }
      try {
        return parse(source, { ...options, maxLexicalTokens: tokens, maxComments: tokens });
      } catch (error) {
        if (!(error instanceof GraphQLError && EXCEEDED.test(error.message))) throw error;
        throw documentError(
          'TOO_MANY_TOKENS',
          `Expected a document of at most ${tokens} tokens and as many comments, got more. Pass values as variables.`,
        );
      }
    },
  };
}

/** The parser's error has no code. */
const EXCEEDED = /^Syntax Error: Document contains more than \d+ (tokens|comments)\./;
