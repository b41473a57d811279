import type { Phrase } from '../../../model/search-text.ts';
import type { Hit } from './search-index.ts';

/** What the worker of the search index is started with. */
export interface WorkerSettings {
  /** The data directory. */
  readonly directory: string;
  /** The store's id. */
  readonly store: string;
}

/** What the worker is told, in this order it does it: a search finds all that was said to have changed before it. */
export type ToWorker =
  /** These sessions (by sequence number) have new messages, were rolled back, or are gone. */
  | { readonly kind: 'changed'; readonly sessions: readonly number[] }
  /** The files of these sessions are other than they were. */
  | { readonly kind: 'replaced'; readonly sessions: readonly number[] }
  | ({ readonly kind: 'search'; readonly request: number } & WorkerQuery)
  | { readonly kind: 'close' };

export interface WorkerQuery {
  readonly phrases: readonly Phrase[];
  /** The id of a session: it and all beneath it. */
  readonly within: string | null;
  readonly roles: readonly number[] | null;
  readonly limit: number;
  readonly offset: number;
  readonly through: number | null;
}

export interface WorkerAnswer {
  readonly hits: readonly (Hit & { readonly id: string })[];
  readonly hasMore: boolean;
  readonly through: number;
  readonly isComplete: boolean;
}

export type FromWorker =
  | { readonly kind: 'found'; readonly request: number; readonly answer: WorkerAnswer }
  | { readonly kind: 'failed'; readonly request: number; readonly message: string }
  /** For the operator. */
  | { readonly kind: 'said'; readonly level: 'info' | 'warn'; readonly message: string };
