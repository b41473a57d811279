import { isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import type { Logger } from '../../repository/observer.ts';
import { maskResult, type Result } from '../mask-result.ts';
import type { ServerPlugin } from '../plugin.ts';

export interface ErrorMaskingOptions {
  readonly logger: Logger;
}

/**
 * Errors that are meant for the client get a code. Any other error is a bug: the log gets all of it, the client only a request id to
 * quote. This replaces Yoga's `maskedErrors`, which does not know the request, and shows stacks if NODE_ENV is "development".
 */
export function useErrorMasking({ logger }: ErrorMaskingOptions): ServerPlugin {
  return {
    onResultProcess({ result, setResult, serverContext: { facts } }) {
      const mask = <R extends Result>(one: R): R => maskResult(one, facts, logger);
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, mask));
      else setResult(Array.isArray(result) ? result.map(mask) : mask(result));
    },
  };
}
