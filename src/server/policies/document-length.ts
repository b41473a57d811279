import type { Policy } from './policy.ts';

/**
 * Refuses long documents. Parser and validation repeat names and strings, and the number of tokens does not bound their length. A long
 * `operationName` is refused as well: it cannot be that of an operation of the document.
 */
export function documentLength(most: number): Policy {
  return {
    name: 'document length',
    params({ query, operationName }) {
      const length = Math.max(query?.length ?? 0, operationName?.length ?? 0);
      if (length <= most) return undefined;
      return {
        status: 400,
        code: 'DOCUMENT_TOO_LONG',
        message:
          `Expected a document of at most ${most} characters (the limit documentLength), got ${length}. Pass values as variables, ` +
          'and send large operations one by one.',
      };
    },
  };
}
