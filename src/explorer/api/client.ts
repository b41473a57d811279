import { Sessiontree } from '@sessiontree/client';
import { BASE_PATH } from '../base-path.ts';
import type { TypedDocumentString } from '../generated/operations.ts';
import { signIn } from './sign-in.ts';

/** The API of the server that served the page. */
export const API_URL = new URL(`${BASE_PATH}/graphql`, location.href);

/** The client of the server that served the page. */
export const client = new Sessiontree(API_URL, {
  maxRetries: 1,
  token: () => signIn.token ?? '',
  // Server-sent events would leave no connection for a seventh tab.
  webSocket: WebSocket,
  async fetch(input, init) {
    const response = await fetch(input, init);
    if (response.status === 401) signIn.refuse(tokenOf(init));
    return response;
  },
});

function tokenOf(init: RequestInit | undefined): string | null {
  return new Headers(init?.headers).get('authorization')?.slice('Bearer '.length) ?? null;
}

/** Of each text of a message, so much is read at first. */
export const TEXT_LENGTH = 4_000;

/**
 * The data of a query of the page. Where the server asks for a token, that of the query with the one that the person gives. Rejects with a
 * `SessiontreeError`, or with the reason of the signal.
 */
export async function ask<Data, Variables extends object>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  for (;;) {
    try {
      return await client.request<Data, Record<string, unknown>>(
        String(document),
        { ...variables } as Record<string, unknown>,
        { signal },
      );
    } catch (error) {
      if (!(await signIn.isRenewed(error, signal))) throw error;
    }
  }
}
