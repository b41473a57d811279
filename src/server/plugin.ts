import type { Plugin } from 'graphql-yoga';

/** What is known of a request from its first moment on, for its answer and its line in the log. */
export interface RequestFacts {
  readonly id: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  operation?: { readonly kind: string; readonly name: string | undefined };
  errorCodes?: readonly string[];
}

/** What the plugins share; `useRequestId`, the first of them, puts it there. */
export interface ServerContext {
  facts: RequestFacts;
  /** The facts of a request that the fast path hands on: its time began when its head came. */
  readonly handedOn?: RequestFacts;
}

export type ServerPlugin = Plugin<ServerContext, ServerContext>;
