import type { MessageRef } from '../../../model/id.ts';
import type { SearchField } from '../../../model/search/fields.ts';
import type { Phrase } from '../../../model/search/query.ts';
import type { SessionFilter } from '../../../model/session.ts';
import type { SearchKey } from '../../reads.ts';
import type { Match } from './match.ts';
import type { Ranked } from './rank.ts';
import type { Used } from './work.ts';

/** The settings of the search worker. */
export interface WorkerSettings {
  /** The data directory. */
  readonly directory: string;
  /** The store's id. */
  readonly store: string;
}

/** Messages to the worker. A search finds all changes that were posted before it. */
export type ToWorker =
  /** These sessions (by sequence number) have new messages, were truncated, or are gone. */
  | { readonly kind: 'changed'; readonly sessions: readonly number[] }
  /** The files of these sessions were replaced. */
  | { readonly kind: 'replaced'; readonly sessions: readonly number[] }
  | ({ readonly kind: 'request'; readonly request: number; readonly msLeft: number } & WorkerRequest)
  /** Nobody waits for the answer of this request any more: none is given. */
  | Cancellation
  | { readonly kind: 'close' };

export interface Cancellation {
  readonly kind: 'cancel';
  readonly request: number;
}

export type WorkerRequest =
  | ({ readonly what: 'search' } & WorkerQuery)
  | ({ readonly what: 'snippets' } & WorkerSnippets)
  /** Index these sessions anew, and remove all that is left of what was indexed before and is gone. */
  | { readonly what: 'scrub'; readonly sessions: readonly number[] };

export interface WorkerSnippets {
  readonly phrases: readonly Phrase[];
  readonly fields: readonly SearchField[];
  readonly refs: readonly MessageRef[];
}

/** Equal searches are equal as JSON, without `limit`, `after` and `indexChanges`. */
export interface WorkerQuery extends Omit<Match, 'within'> {
  /** The id of a session: search within it and, with `subtree`, its descendants. */
  readonly within: string | null;
  readonly subtree: boolean;
  readonly filter: SessionFilter | null;
  readonly limit: number;
  readonly after: SearchKey | null;
  /**
   * How often the store's index had changed before, for a search that depends on the sessions there; otherwise 0. A later search must not
   * share the result of an earlier one.
   */
  readonly indexChanges: number;
}

/** What a request that is not answered yet has used since the last such message. */
export interface UsedMessage extends Used {
  readonly kind: 'used';
  readonly request: number;
}

export type FromWorker =
  /**
   * A search is answered with a `SearchPage`, or with null if the ranking that it continues is no longer
   * kept.
   */
  | { readonly kind: 'answered'; readonly request: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly request: number; readonly message: string }
  | UsedMessage
  /** For the log. */
  | { readonly kind: 'said'; readonly level: 'info' | 'warn'; readonly message: string };

/** Messages to the thread of long rankings. */
export type ToRankingWorker =
  | ({
      readonly kind: 'rank';
      readonly request: number;
      readonly msLeft: number;
      /** The number of the state of the search index that the ranking must see, or a later one. */
      readonly state: number;
    } & Match)
  | Cancellation
  /** All requests are to be answered within this time, with what they have. */
  | { readonly kind: 'end'; readonly ms: number }
  /** The search index was discarded. */
  | { readonly kind: 'anew' };

export type FromRankingWorker =
  | { readonly kind: 'ranked'; readonly request: number; readonly ranked: Ranked }
  /** `code` and `errcode` are those of an error of SQLite. */
  | {
      readonly kind: 'failed';
      readonly request: number;
      readonly message: string;
      readonly code: unknown;
      readonly errcode: unknown;
      readonly path: unknown;
    }
  | UsedMessage;
