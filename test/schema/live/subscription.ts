import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type ExecutionResult, validate } from 'graphql';
import { expect, onTestFinished } from 'vitest';
import { subscribe } from '../../../src/execution/subscribe.ts';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { createContext } from '../../../src/schema/context.ts';
import { schema } from '../../../src/schema/index.ts';

export interface Subscribed<Data> {
  /** The data of the next event, which must have no errors; undefined once the stream has ended. */
  next(): Promise<Data | undefined>;
  /** The next event, with its errors. */
  nextResult(): Promise<ExecutionResult<Data> | undefined>;
  close(): Promise<unknown>;
}

/** The answer to a subscription: a stream, or the errors for which there is none. */
export async function answerTo(
  repository: SessionRepository,
  document: TypedDocumentNode<unknown, unknown>,
  variables: unknown,
  limits: Partial<Limits> = {},
) {
  expect(validate(schema, document)).toEqual([]);
  const contextValue = createContext({ repository, limits: { ...DEFAULT_LIMITS, ...limits } });
  const variableValues = variables as Record<string, unknown>;
  return subscribe({ schema, document, variableValues, contextValue });
}

/** Subscribes to what the schema offers, without a server. The stream is closed after the test. */
export async function openSubscription<Data, Variables>(
  repository: SessionRepository,
  document: TypedDocumentNode<Data, Variables>,
  variables: NoInfer<Variables>,
  limits: Partial<Limits> = {},
): Promise<Subscribed<Data>> {
  const stream = await answerTo(
    repository,
    document as TypedDocumentNode<unknown, unknown>,
    variables,
    limits,
  );
  if (!('next' in stream)) throw new Error(`Expected a stream, got ${JSON.stringify(stream)}.`);
  onTestFinished(() => void stream.return!());
  const nextResult = async () => (await stream.next()).value as ExecutionResult<Data> | undefined;
  return {
    nextResult,
    async next() {
      const result = await nextResult();
      expect(result?.errors).toBeUndefined();
      // The objects of an answer have no prototype.
      return result && (structuredClone(result.data) as Data);
    },
    close: () => stream.return!(),
  };
}
