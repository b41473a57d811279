import { Sessiontree } from '@sessiontree/client';
import type { TypedDocumentString } from '../generated/operations.ts';

/** The client of the server that served the page. */
export const client = new Sessiontree(new URL('/graphql', location.href), { maxRetries: 1 });

/** Of each text of a message, so much is read at first. */
export const TEXT_LENGTH = 4_000;

/** The data of a query of the page. Rejects with a `SessiontreeError`, or with the reason of the signal. */
export function ask<Data, Variables extends object>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  return client.request<Data, Record<string, unknown>>(
    String(document),
    { ...variables } as Record<string, unknown>,
    { signal },
  );
}
