import { GraphQLError } from 'graphql';
import { nestingOf } from '../nesting.ts';
import type { ServerPlugin } from '../plugin.ts';
import { documentError } from '../refusal.ts';

/** Parser and validation recurse; at some 1,500 brackets within brackets they overflow the stack. */
const MAX_NESTING = 400;

export interface TokenLimitOptions {
  readonly tokens: number;
}

/** Bounds what parsing a document costs, before it is parsed. */
export function useTokenLimit({ tokens }: TokenLimitOptions): ServerPlugin {
  return {
    onParse({ parseFn, setParseFn }) {
      // A document that the cache holds never comes to this function.
      setParseFn((source, options) => {
        if (nestingOf(String(source), MAX_NESTING) > MAX_NESTING) {
          throw documentError(
            'QUERY_TOO_DEEP',
            `Expected at most ${MAX_NESTING} brackets within brackets, got more.`,
          );
        }
        try {
          return parseFn(source, { ...options, maxLexicalTokens: tokens, maxComments: tokens });
        } catch (error) {
          if (!(error instanceof GraphQLError && EXCEEDED.test(error.message))) throw error;
          throw documentError(
            'TOO_MANY_TOKENS',
            `Expected a document of at most ${tokens} tokens and as many comments, got more. Pass values as variables.`,
          );
        }
      });
    },
  };
}

/** The parser has no code for it. */
const EXCEEDED = /^Syntax Error: Document contains more than \d+ (tokens|comments)\./;
