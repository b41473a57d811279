import type { JsonObject } from './json.ts';

const PAGE_INFO = 'pageInfo { hasNextPage endCursor }';

/** What a query finds of a session. */
export interface FoundSession {
  readonly id: string;
  readonly version: number;
  readonly historyLength: number;
  readonly metadata: JsonObject;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

export const FIND = `query Find($key: String!, $ownerId: String) {
  session(key: $key, ownerId: $ownerId) { id version historyLength metadata }
}`;

export interface FindData {
  readonly session: FoundSession | null;
}

/** A page ends early where its entries are large. */
export const LOAD = `query Load($key: String!, $ownerId: String, $first: Int!, $after: String) {
  session(key: $key, ownerId: $ownerId) {
    id version historyLength metadata history(first: $first, after: $after) { nodes { payload } ${PAGE_INFO} }
  }
}`;

export interface LoadData {
  readonly session:
    | (FoundSession & {
        readonly history: {
          readonly nodes: readonly { readonly payload: unknown }[];
          readonly pageInfo: PageInfo;
        };
      })
    | null;
}

/** In the order of their creation, which no write changes while the pages are read. */
export const LIST = `query List($filter: SessionFilter!, $note: String!, $first: Int!, $after: String) {
  sessions(filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }, first: $first, after: $after) {
    nodes { key updatedAt historyLength note: metadataValue(key: $note) } ${PAGE_INFO}
  }
}`;

export interface ListedSession {
  readonly key: string;
  readonly updatedAt: string;
  readonly historyLength: number;
  readonly note: unknown;
}

export interface ListData {
  readonly sessions: { readonly nodes: readonly ListedSession[]; readonly pageInfo: PageInfo };
}

/** The cursor of the page behind another one; null if that is the last. */
export function nextCursorOf({ hasNextPage, endCursor }: PageInfo): string | null {
  return hasNextPage ? endCursor : null;
}
