/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Which sessions a list has: archived ones or not. */
export type ArchivedFilter =
  /** Sessions that are not archived. */
  | 'EXCLUDE'
  /** All sessions. */
  | 'INCLUDE'
  /** Archived sessions only. */
  | 'ONLY';

/** Conditions for children or descendants. A session must meet all that are given. What is beneath a session that the filter leaves out stays. */
export type ChildFilter = {
  /** Sessions of this agent. */
  agentName?: string | null | undefined;
  /** Which sessions the list has: archived ones or not. */
  archived?: ArchivedFilter | null | undefined;
  /** Sessions with any of these statuses. */
  statuses?: Array<SessionStatus> | null | undefined;
};

/** The author of a message. */
export type MessageRole =
  /** An answer of the agent. */
  | 'ASSISTANT'
  /** Something that nobody said: a compaction, an abort, an error of the API. `kind` says what. Not counted in `messageCount`. */
  | 'EVENT'
  /** Instructions to the agent. */
  | 'SYSTEM'
  /** The result of a tool call of the agent. */
  | 'TOOL'
  /** A request to the agent. Each user message begins an exchange. */
  | 'USER';

/** The direction of an order. */
export type OrderDirection =
  /** Oldest first. */
  | 'ASC'
  /** Newest first. */
  | 'DESC';

/** A part of a message that a search can look at. */
export type SearchField =
  /** The content. */
  | 'CONTENT'
  /** The reasoning. */
  | 'REASONING'
  /** The names of the tools that are called, and all strings in the arguments, without the keys of objects. */
  | 'TOOL_CALLS';

/** Conditions for sessions. A session must meet all that are given. */
export type SessionFilter = {
  /** Last active at this time or after. */
  activeAfter?: string | null | undefined;
  /** Last active before this time. */
  activeBefore?: string | null | undefined;
  /** Sessions of this agent. */
  agentName?: string | null | undefined;
  /** Default: EXCLUDE in `sessions`, INCLUDE in `searchMessages`. */
  archived?: ArchivedFilter | null | undefined;
  /** Created at this time or after. */
  createdAfter?: string | null | undefined;
  /** Created before this time. */
  createdBefore?: string | null | undefined;
  /** True: only sessions with `damage`. False: only sessions without. */
  damaged?: boolean | null | undefined;
  /** Sessions whose key begins so. The empty text: sessions with any key. */
  keyPrefix?: string | null | undefined;
  /** Sessions whose metadata contains this object: each key, with a value that contains the given value. A list contains another if it contains each of its elements, in any order. Size and nesting: at most the server's limits `filterBytes` and `metadataDepth`. */
  metadata?: Record<string, unknown> | null | undefined;
  /** Children of this session, even if the session cannot be read. */
  parentId?: string | null | undefined;
  /** Sessions of this project. */
  project?: string | null | undefined;
  /** Sessions of the tree of this root, including the root. */
  rootId?: string | null | undefined;
  /** True: only sessions without a parent, or whose parent cannot be read. */
  rootsOnly?: boolean | null | undefined;
  /** Sessions with any of these statuses. */
  statuses?: Array<SessionStatus> | null | undefined;
  /** Sessions whose title contains these words, by the rules of `searchMessages`: in any order and any case; `*` at the end of a word finds what begins with it. At most the server's limits of a search. */
  title?: string | null | undefined;
  /** Sessions of this user. */
  userId?: string | null | undefined;
};

/** The order of a list of sessions. */
export type SessionOrder = {
  /** The direction. */
  direction: OrderDirection;
  /** The time to order by. */
  field: SessionOrderField;
};

/** The time by which a list of sessions is ordered. Sessions with equal times have a fixed order. */
export type SessionOrderField =
  /** The time of creation. */
  | 'CREATED_AT'
  /** The time of the last append, or of the creation if there was none. */
  | 'LAST_ACTIVE_AT'
  /** The latest `lastActiveAt` anywhere in the tree, archived sessions included. Only with `rootsOnly: true`. */
  | 'TREE_LAST_ACTIVE_AT';

/** What a session is doing. Clients set the status, and any may follow any. */
export type SessionStatus =
  /** The work was cancelled. */
  | 'CANCELLED'
  /** The work is done. */
  | 'COMPLETED'
  /** The work failed. */
  | 'FAILED'
  /** Nothing is done. The status of a new session. */
  | 'IDLE'
  /** The agent works. */
  | 'RUNNING'
  /** The agent waits for a person. */
  | 'WAITING';

export type SessionLineFragment = { id: string, key: string | null, parentId: string | null, depth: number, title: string | null, agentName: string | null, project: string | null, status: SessionStatus, statusMessage: string | null, statusChangedAt: string, archivedAt: string | null, lastActiveAt: string, historyLength: number, childCount: number, firstWords: { nodes: Array<{ content: string }> } };

export type UsageSumFragment = { inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheWriteTokens: number, reasoningTokens: number, costUsd: number | null };

export type McpSessionsQueryVariables = Exact<{
  filter?: SessionFilter | null | undefined;
  orderBy?: SessionOrder | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type McpSessionsQuery = { sessions: { totalCount: number, edges: Array<{ cursor: string, node: { id: string, key: string | null, parentId: string | null, depth: number, title: string | null, agentName: string | null, project: string | null, status: SessionStatus, statusMessage: string | null, statusChangedAt: string, archivedAt: string | null, lastActiveAt: string, historyLength: number, childCount: number, firstWords: { nodes: Array<{ content: string }> } } }>, pageInfo: { hasNextPage: boolean } } };

export type McpTreeQueryVariables = Exact<{
  id?: string | null | undefined;
  key?: string | null | undefined;
  maxDepth?: number | null | undefined;
  filter?: ChildFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type McpTreeQuery = { session: { id: string, key: string | null, parentId: string | null, depth: number, title: string | null, agentName: string | null, project: string | null, status: SessionStatus, statusMessage: string | null, statusChangedAt: string, archivedAt: string | null, lastActiveAt: string, historyLength: number, childCount: number, rollup: { sessionCount: number, historyLength: number, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheWriteTokens: number, reasoningTokens: number, costUsd: number | null }, byStatus: Array<{ status: SessionStatus, count: number }> }, descendants: { totalCount: number, edges: Array<{ cursor: string, node: { id: string, key: string | null, parentId: string | null, depth: number, title: string | null, agentName: string | null, project: string | null, status: SessionStatus, statusMessage: string | null, statusChangedAt: string, archivedAt: string | null, lastActiveAt: string, historyLength: number, childCount: number, firstWords: { nodes: Array<{ content: string }> } } }>, pageInfo: { hasNextPage: boolean } }, firstWords: { nodes: Array<{ content: string }> } } | null };

export type McpTranscriptQueryVariables = Exact<{
  id?: string | null | undefined;
  key?: string | null | undefined;
  first: number;
  fromPosition?: number | null | undefined;
  fromMessageId?: string | null | undefined;
  roles?: Array<MessageRole> | MessageRole | null | undefined;
  textEnd: number;
  reasoning: boolean;
}>;


export type McpTranscriptQuery = { session: { id: string, key: string | null, parentId: string | null, depth: number, title: string | null, agentName: string | null, project: string | null, status: SessionStatus, statusMessage: string | null, statusChangedAt: string, archivedAt: string | null, lastActiveAt: string, historyLength: number, childCount: number, history: { nodes: Array<{ id: string, position: number, role: MessageRole, name: string | null, kind: string | null, createdAt: string, model: string | null, isError: boolean, toolCallId: string | null, content: string, contentLength: number, reasoning?: string | null, toolCalls: Array<{ name: string, toolCallId: string, arguments: unknown, session: { id: string } | null }>, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheWriteTokens: number, reasoningTokens: number, costUsd: number | null } | null }>, pageInfo: { hasNextPage: boolean } }, firstWords: { nodes: Array<{ content: string }> } } | null };

export type McpSearchQueryVariables = Exact<{
  query: string;
  within?: string | null | undefined;
  subtree?: boolean | null | undefined;
  roles?: Array<MessageRole> | MessageRole | null | undefined;
  fields?: Array<SearchField> | SearchField | null | undefined;
  filter?: SessionFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type McpSearchQuery = { searchMessages: { totalCount: number, isComplete: boolean, edges: Array<{ cursor: string, snippet: string, node: { id: string, position: number, role: MessageRole, name: string | null, createdAt: string, session: { id: string, title: string | null, agentName: string | null, project: string | null } } }>, pageInfo: { hasNextPage: boolean } } };

export type McpLookupQueryVariables = Exact<{
  id?: string | null | undefined;
  key?: string | null | undefined;
}>;


export type McpLookupQuery = { session: { id: string, historyLength: number } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const SessionLineFragmentDoc = new TypedDocumentString(`
    fragment SessionLine on Session {
  id
  key
  parentId
  depth
  title
  agentName
  project
  status
  statusMessage
  statusChangedAt
  archivedAt
  lastActiveAt
  historyLength
  childCount
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 200)
    }
  }
}
    `, {"fragmentName":"SessionLine"}) as unknown as TypedDocumentString<SessionLineFragment, unknown>;
export const UsageSumFragmentDoc = new TypedDocumentString(`
    fragment UsageSum on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  cacheWriteTokens
  reasoningTokens
  costUsd
}
    `, {"fragmentName":"UsageSum"}) as unknown as TypedDocumentString<UsageSumFragment, unknown>;
export const McpSessionsDocument = new TypedDocumentString(`
    query McpSessions($filter: SessionFilter, $orderBy: SessionOrder, $first: Int!, $after: String) {
  sessions(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    edges {
      cursor
      node {
        ...SessionLine
      }
    }
    pageInfo {
      hasNextPage
    }
  }
}
    fragment SessionLine on Session {
  id
  key
  parentId
  depth
  title
  agentName
  project
  status
  statusMessage
  statusChangedAt
  archivedAt
  lastActiveAt
  historyLength
  childCount
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 200)
    }
  }
}`) as unknown as TypedDocumentString<McpSessionsQuery, McpSessionsQueryVariables>;
export const McpTreeDocument = new TypedDocumentString(`
    query McpTree($id: ID, $key: String, $maxDepth: Int, $filter: ChildFilter, $first: Int!, $after: String) {
  session(id: $id, key: $key) {
    ...SessionLine
    rollup {
      sessionCount
      historyLength
      usage {
        ...UsageSum
      }
      byStatus {
        status
        count
      }
    }
    descendants(maxDepth: $maxDepth, filter: $filter, first: $first, after: $after) {
      totalCount
      edges {
        cursor
        node {
          ...SessionLine
        }
      }
      pageInfo {
        hasNextPage
      }
    }
  }
}
    fragment SessionLine on Session {
  id
  key
  parentId
  depth
  title
  agentName
  project
  status
  statusMessage
  statusChangedAt
  archivedAt
  lastActiveAt
  historyLength
  childCount
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 200)
    }
  }
}
fragment UsageSum on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  cacheWriteTokens
  reasoningTokens
  costUsd
}`) as unknown as TypedDocumentString<McpTreeQuery, McpTreeQueryVariables>;
export const McpTranscriptDocument = new TypedDocumentString(`
    query McpTranscript($id: ID, $key: String, $first: Int!, $fromPosition: Int, $fromMessageId: ID, $roles: [MessageRole!], $textEnd: Int!, $reasoning: Boolean!) {
  session(id: $id, key: $key) {
    ...SessionLine
    history(
      first: $first
      fromPosition: $fromPosition
      fromMessageId: $fromMessageId
      roles: $roles
    ) {
      nodes {
        id
        position
        role
        name
        kind
        createdAt
        model
        isError
        toolCallId
        content(maxLength: $textEnd)
        contentLength
        reasoning @include(if: $reasoning)
        toolCalls {
          name
          toolCallId
          arguments
          session {
            id
          }
        }
        usage {
          ...UsageSum
        }
      }
      pageInfo {
        hasNextPage
      }
    }
  }
}
    fragment SessionLine on Session {
  id
  key
  parentId
  depth
  title
  agentName
  project
  status
  statusMessage
  statusChangedAt
  archivedAt
  lastActiveAt
  historyLength
  childCount
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 200)
    }
  }
}
fragment UsageSum on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  cacheWriteTokens
  reasoningTokens
  costUsd
}`) as unknown as TypedDocumentString<McpTranscriptQuery, McpTranscriptQueryVariables>;
export const McpSearchDocument = new TypedDocumentString(`
    query McpSearch($query: String!, $within: ID, $subtree: Boolean, $roles: [MessageRole!], $fields: [SearchField!], $filter: SessionFilter, $first: Int!, $after: String) {
  searchMessages(
    query: $query
    within: $within
    subtree: $subtree
    roles: $roles
    fields: $fields
    filter: $filter
    first: $first
    after: $after
  ) {
    totalCount
    isComplete
    edges {
      cursor
      snippet
      node {
        id
        position
        role
        name
        createdAt
        session {
          id
          title
          agentName
          project
        }
      }
    }
    pageInfo {
      hasNextPage
    }
  }
}
    `) as unknown as TypedDocumentString<McpSearchQuery, McpSearchQueryVariables>;
export const McpLookupDocument = new TypedDocumentString(`
    query McpLookup($id: ID, $key: String) {
  session(id: $id, key: $key) {
    id
    historyLength
  }
}
    `) as unknown as TypedDocumentString<McpLookupQuery, McpLookupQueryVariables>;