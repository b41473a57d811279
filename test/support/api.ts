import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { pino } from 'pino';
import { expect } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { ASKS_NOBODY } from './asks-nobody.ts';
import { openApi } from './fast-path.ts';

export interface ApiError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string };
}

export interface ApiResult<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly ApiError[];
}

type Variables<V> = [V] extends [Record<string, never>] ? [] : [variables: NoInfer<V>];

export interface Api {
  /** The answer to a typed operation, including errors. */
  run<Data, V>(document: TypedDocumentNode<Data, V>, ...variables: Variables<V>): Promise<ApiResult<Data>>;
  /** The data of an answer that has no errors. */
  query<Data, V>(document: TypedDocumentNode<Data, V>, ...variables: Variables<V>): Promise<Data>;
  /** The answer to an untyped document, such as an invalid one. */
  send(query: string, variables?: unknown): Promise<ApiResult<unknown>>;
  /** The answer to a raw request body. `JSON.stringify` cannot write a value that is nested very deeply. */
  sendBody(body: string): Promise<ApiResult<unknown>>;
}

/** The API on `repository`, as the server serves it. */
export function createApi(repository: SessionRepository, limits: Partial<Limits> = {}): Api {
  const fetch = openApi({
    repository,
    limits: { ...DEFAULT_LIMITS, ...limits },
    logger: pino<never>({ level: 'silent' }),
    allowedHosts: [],
    allowedOrigins: [],
    ...ASKS_NOBODY,
  });
  async function sendBody<Data>(body: string): Promise<ApiResult<Data>> {
    const response = await fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
    });
    return (await response.json()) as ApiResult<Data>;
  }
  const send = <Data>(query: string, variables?: unknown) =>
    sendBody<Data>(JSON.stringify({ query, variables }));
  return {
    send,
    sendBody,
    run: (document, ...[variables]) => send(print(document), variables),
    async query<Data, V>(document: TypedDocumentNode<Data, V>, ...[variables]: Variables<V>): Promise<Data> {
      const { data, errors } = await send<Data>(print(document), variables);
      expect(errors).toBeUndefined();
      return data!;
    },
  };
}
