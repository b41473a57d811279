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

/** What a usage report can be divided by. */
export type UsageDimension =
  /** The `agentName` of the session, as it is now. */
  | 'AGENT'
  /** The day of the message's `createdAt`, in UTC. */
  | 'DAY'
  /** The `model` of the message. */
  | 'MODEL'
  /** The `project` of the session, as it is now. */
  | 'PROJECT'
  /** The root of the tree that the session is in now. */
  | 'ROOT'
  /** The `status` of the session, as it is now. */
  | 'STATUS'
  /** The `userId` of the session. */
  | 'USER';

export type TokenSumsFragment = { inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null };

export type RootRowFragment = { id: string, parentId: string | null, key: string | null, title: string | null, agentName: string | null, project: string | null, userId: string | null, status: SessionStatus, statusMessage: string | null, archivedAt: string | null, version: number, firstWords: { nodes: Array<{ content: string }> }, rollup: { sessionCount: number, historyLength: number, lastActiveAt: string, byStatus: Array<{ status: SessionStatus, count: number }>, usage: { costUsd: number | null } } };

export type TreeRowFragment = { id: string, parentId: string | null, depth: number, title: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, archivedAt: string | null, createdAt: string, lastActiveAt: string, messageCount: number, historyLength: number, version: number, forkedFrom: { sessionId: string, historyLength: number } | null, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } };

export type MessageRowFragment = { id: string, key: string | null, position: number, role: MessageRole, kind: string | null, name: string | null, model: string | null, content: string, contentLength: number, reasoning: string | null, isError: boolean, isCopy: boolean, createdAt: string, replacedAt: string | null, redactedAt: string | null, toolCallId: string | null, toolCalls: Array<{ toolCallId: string, name: string, arguments: unknown, result: { id: string, isError: boolean, contentLength: number, createdAt: string, content: string } | null, session: { id: string, title: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, historyLength: number, usage: { costUsd: number | null } } | null }>, usage: { reasoningTokens: number, inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } | null };

export type TreesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter: SessionFilter;
  orderBy: SessionOrder;
}>;


export type TreesQuery = { store: { cursor: string, sessionCount: number, quarantined: Array<{ path: string, reason: string }> }, sessions: { nodes: Array<{ id: string, parentId: string | null, key: string | null, title: string | null, agentName: string | null, project: string | null, userId: string | null, status: SessionStatus, statusMessage: string | null, archivedAt: string | null, version: number, firstWords: { nodes: Array<{ content: string }> }, rollup: { sessionCount: number, historyLength: number, lastActiveAt: string, byStatus: Array<{ status: SessionStatus, count: number }>, usage: { costUsd: number | null } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type TreesCountQueryVariables = Exact<{
  filter: SessionFilter;
}>;


export type TreesCountQuery = { sessions: { totalCount: number } };

export type UsageTodayQueryVariables = Exact<{
  from: string;
}>;


export type UsageTodayQuery = { usageReport: Array<{ project: string | null, usage: { costUsd: number | null } }> };

export type RootsQueryVariables = Exact<{
  ids: Array<string> | string;
}>;


export type RootsQuery = { store: { sessionCount: number }, nodes: Array<
    | { id: string, parentId: string | null, key: string | null, title: string | null, agentName: string | null, project: string | null, userId: string | null, status: SessionStatus, statusMessage: string | null, archivedAt: string | null, version: number, firstWords: { nodes: Array<{ content: string }> }, rollup: { sessionCount: number, historyLength: number, lastActiveAt: string, byStatus: Array<{ status: SessionStatus, count: number }>, usage: { costUsd: number | null } } }
    | Record<PropertyKey, never>
   | null> };

export type TreeQueryVariables = Exact<{
  id: string;
  first: number;
  after?: string | null | undefined;
}>;


export type TreeQuery = { store: { cursor: string }, session: { id: string, parentId: string | null, depth: number, title: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, archivedAt: string | null, createdAt: string, lastActiveAt: string, messageCount: number, historyLength: number, version: number, descendants: { nodes: Array<{ id: string, parentId: string | null, depth: number, title: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, archivedAt: string | null, createdAt: string, lastActiveAt: string, messageCount: number, historyLength: number, version: number, forkedFrom: { sessionId: string, historyLength: number } | null, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } }, forkedFrom: { sessionId: string, historyLength: number } | null, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } } | null };

export type FirstWordsQueryVariables = Exact<{
  ids: Array<string> | string;
}>;


export type FirstWordsQuery = { nodes: Array<
    | { id: string, firstWords: { nodes: Array<{ content: string }> } }
    | Record<PropertyKey, never>
   | null> };

export type ModelsBeneathQueryVariables = Exact<{
  id: string;
}>;


export type ModelsBeneathQuery = { session: { rollup: { byModel: Array<{ model: string | null, responseCount: number, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } }> } } | null };

export type SessionHeadQueryVariables = Exact<{
  id: string;
}>;


export type SessionHeadQuery = { session: { archivedAt: string | null, damage: Array<{ line: number | null, reason: string }> } | null };

export type HistoryFromQueryVariables = Exact<{
  id: string;
  position: number;
  first: number;
  textLength?: number | null | undefined;
}>;


export type HistoryFromQuery = { session: { historyLength: number, version: number, history: { nodes: Array<{ id: string, key: string | null, position: number, role: MessageRole, kind: string | null, name: string | null, model: string | null, content: string, contentLength: number, reasoning: string | null, isError: boolean, isCopy: boolean, createdAt: string, replacedAt: string | null, redactedAt: string | null, toolCallId: string | null, toolCalls: Array<{ toolCallId: string, name: string, arguments: unknown, result: { id: string, isError: boolean, contentLength: number, createdAt: string, content: string } | null, session: { id: string, title: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, historyLength: number, usage: { costUsd: number | null } } | null }>, usage: { reasoningTokens: number, inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } | null }> } } | null };

export type HistoryEndQueryVariables = Exact<{
  id: string;
  last: number;
  textLength?: number | null | undefined;
}>;


export type HistoryEndQuery = { session: { historyLength: number, version: number, history: { nodes: Array<{ id: string, key: string | null, position: number, role: MessageRole, kind: string | null, name: string | null, model: string | null, content: string, contentLength: number, reasoning: string | null, isError: boolean, isCopy: boolean, createdAt: string, replacedAt: string | null, redactedAt: string | null, toolCallId: string | null, toolCalls: Array<{ toolCallId: string, name: string, arguments: unknown, result: { id: string, isError: boolean, contentLength: number, createdAt: string, content: string } | null, session: { id: string, title: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, historyLength: number, usage: { costUsd: number | null } } | null }>, usage: { reasoningTokens: number, inputTokens: number, outputTokens: number, cacheReadTokens: number, costUsd: number | null } | null }> } } | null };

export type WholeTextQueryVariables = Exact<{
  id: string;
}>;


export type WholeTextQuery = { node:
    | { content: string }
    | Record<PropertyKey, never>
   | null };

export type PositionOfQueryVariables = Exact<{
  id: string;
}>;


export type PositionOfQuery = { node:
    | { position: number }
    | Record<PropertyKey, never>
   | null };

export type SearchQueryVariables = Exact<{
  query: string;
  within?: string | null | undefined;
  first: number;
  after?: string | null | undefined;
  fields?: Array<SearchField> | SearchField | null | undefined;
  roles?: Array<MessageRole> | MessageRole | null | undefined;
}>;


export type SearchQuery = { searchMessages: { totalCount: number, isComplete: boolean, pageInfo: { hasNextPage: boolean, endCursor: string | null }, edges: Array<{ snippetParts: Array<{ text: string, isMatch: boolean }>, node: { id: string, role: MessageRole, name: string | null, position: number, createdAt: string, session: { id: string, title: string | null, agentName: string | null, rootId: string, root: { title: string | null } } } }> } };

export type SessionTitleQueryVariables = Exact<{
  id: string;
}>;


export type SessionTitleQuery = { session: { title: string | null } | null };

export type TitlesQueryVariables = Exact<{
  query: string;
  first: number;
}>;


export type TitlesQuery = { sessions: { nodes: Array<{ id: string, rootId: string, title: string | null, agentName: string | null, status: SessionStatus, lastActiveAt: string }> } };

export type AllTokensFragment = { inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheWriteTokens: number, reasoningTokens: number, costUsd: number | null };

export type SessionDetailsQueryVariables = Exact<{
  id: string;
}>;


export type SessionDetailsQuery = { session: { id: string, key: string | null, userId: string | null, project: string | null, agentName: string | null, status: SessionStatus, statusMessage: string | null, statusChangedAt: string, createdAt: string, lastActiveAt: string, updatedAt: string, archivedAt: string | null, version: number, messageCount: number, historyLength: number, childCount: number, metadata: Record<string, unknown>, damage: Array<{ line: number | null, reason: string }>, spawnedBy: { sessionId: string, messageId: string | null, toolCallId: string | null } | null, forkedFrom: { sessionId: string, messageId: string | null, historyLength: number, session: { id: string, rootId: string, title: string | null } | null } | null, forks: { totalCount: number, nodes: Array<{ id: string, rootId: string, title: string | null, status: SessionStatus, historyLength: number, forkedFrom: { historyLength: number } | null }> } } | null, usageReport: Array<{ model: string | null, responseCount: number, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheWriteTokens: number, reasoningTokens: number, costUsd: number | null } }> };

export type ComparedQueryVariables = Exact<{
  ids: Array<string> | string;
}>;


export type ComparedQuery = { nodes: Array<
    | { id: string, rootId: string }
    | Record<PropertyKey, never>
   | null> };

export type ComparedHistoryQueryVariables = Exact<{
  id: string;
  position: number;
  first: number;
  textLength: number;
}>;


export type ComparedHistoryQuery = { session: { historyLength: number, forkedFrom: { sessionId: string, historyLength: number } | null, history: { nodes: Array<{ position: number, role: MessageRole, name: string | null, content: string, contentLength: number, toolCalls: Array<{ toolCallId: string, name: string }> }> } } | null };

export type UsageQueryVariables = Exact<{
  by: Array<UsageDimension> | UsageDimension;
  from?: string | null | undefined;
  first?: number | null | undefined;
}>;


export type UsageQuery = { usageReport: Array<{ day: string | null, model: string | null, project: string | null, agentName: string | null, userId: string | null, responseCount: number, usage: { inputTokens: number, outputTokens: number, cacheReadTokens: number, cacheWriteTokens: number, reasoningTokens: number, costUsd: number | null } }> };

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
export const RootRowFragmentDoc = new TypedDocumentString(`
    fragment RootRow on Session {
  id
  parentId
  key
  title
  agentName
  project
  userId
  status
  statusMessage
  archivedAt
  version
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 160)
    }
  }
  rollup {
    sessionCount
    historyLength
    lastActiveAt
    byStatus {
      status
      count
    }
    usage {
      costUsd
    }
  }
}
    `, {"fragmentName":"RootRow"}) as unknown as TypedDocumentString<RootRowFragment, unknown>;
export const TokenSumsFragmentDoc = new TypedDocumentString(`
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}
    `, {"fragmentName":"TokenSums"}) as unknown as TypedDocumentString<TokenSumsFragment, unknown>;
export const TreeRowFragmentDoc = new TypedDocumentString(`
    fragment TreeRow on Session {
  id
  parentId
  depth
  title
  agentName
  status
  statusMessage
  archivedAt
  createdAt
  lastActiveAt
  messageCount
  historyLength
  version
  forkedFrom {
    sessionId
    historyLength
  }
  usage {
    ...TokenSums
  }
}
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}`, {"fragmentName":"TreeRow"}) as unknown as TypedDocumentString<TreeRowFragment, unknown>;
export const MessageRowFragmentDoc = new TypedDocumentString(`
    fragment MessageRow on Message {
  id
  key
  position
  role
  kind
  name
  model
  content(maxLength: $textLength)
  contentLength
  reasoning
  isError
  isCopy
  createdAt
  replacedAt
  redactedAt
  toolCallId
  toolCalls {
    toolCallId
    name
    arguments
    result {
      id
      isError
      contentLength
      createdAt
      content(maxLength: $textLength)
    }
    session {
      id
      title
      agentName
      status
      statusMessage
      historyLength
      usage {
        costUsd
      }
    }
  }
  usage {
    ...TokenSums
    reasoningTokens
  }
}
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}`, {"fragmentName":"MessageRow"}) as unknown as TypedDocumentString<MessageRowFragment, unknown>;
export const AllTokensFragmentDoc = new TypedDocumentString(`
    fragment AllTokens on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  cacheWriteTokens
  reasoningTokens
  costUsd
}
    `, {"fragmentName":"AllTokens"}) as unknown as TypedDocumentString<AllTokensFragment, unknown>;
export const TreesDocument = new TypedDocumentString(`
    query Trees($first: Int!, $after: String, $filter: SessionFilter!, $orderBy: SessionOrder!) {
  store {
    cursor
    sessionCount
    quarantined {
      path
      reason
    }
  }
  sessions(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    nodes {
      ...RootRow
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment RootRow on Session {
  id
  parentId
  key
  title
  agentName
  project
  userId
  status
  statusMessage
  archivedAt
  version
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 160)
    }
  }
  rollup {
    sessionCount
    historyLength
    lastActiveAt
    byStatus {
      status
      count
    }
    usage {
      costUsd
    }
  }
}`) as unknown as TypedDocumentString<TreesQuery, TreesQueryVariables>;
export const TreesCountDocument = new TypedDocumentString(`
    query TreesCount($filter: SessionFilter!) {
  sessions(filter: $filter, first: 0) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<TreesCountQuery, TreesCountQueryVariables>;
export const UsageTodayDocument = new TypedDocumentString(`
    query UsageToday($from: DateTime!) {
  usageReport(by: [PROJECT], from: $from) {
    project
    usage {
      costUsd
    }
  }
}
    `) as unknown as TypedDocumentString<UsageTodayQuery, UsageTodayQueryVariables>;
export const RootsDocument = new TypedDocumentString(`
    query Roots($ids: [ID!]!) {
  store {
    sessionCount
  }
  nodes(ids: $ids) {
    ... on Session {
      ...RootRow
    }
  }
}
    fragment RootRow on Session {
  id
  parentId
  key
  title
  agentName
  project
  userId
  status
  statusMessage
  archivedAt
  version
  firstWords: history(first: 1, roles: [USER]) {
    nodes {
      content(maxLength: 160)
    }
  }
  rollup {
    sessionCount
    historyLength
    lastActiveAt
    byStatus {
      status
      count
    }
    usage {
      costUsd
    }
  }
}`) as unknown as TypedDocumentString<RootsQuery, RootsQueryVariables>;
export const TreeDocument = new TypedDocumentString(`
    query Tree($id: ID!, $first: Int!, $after: String) {
  store {
    cursor
  }
  session(id: $id) {
    ...TreeRow
    descendants(first: $first, after: $after) {
      nodes {
        ...TreeRow
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}
fragment TreeRow on Session {
  id
  parentId
  depth
  title
  agentName
  status
  statusMessage
  archivedAt
  createdAt
  lastActiveAt
  messageCount
  historyLength
  version
  forkedFrom {
    sessionId
    historyLength
  }
  usage {
    ...TokenSums
  }
}`) as unknown as TypedDocumentString<TreeQuery, TreeQueryVariables>;
export const FirstWordsDocument = new TypedDocumentString(`
    query FirstWords($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Session {
      id
      firstWords: history(first: 1, roles: [USER]) {
        nodes {
          content(maxLength: 160)
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FirstWordsQuery, FirstWordsQueryVariables>;
export const ModelsBeneathDocument = new TypedDocumentString(`
    query ModelsBeneath($id: ID!) {
  session(id: $id) {
    rollup {
      byModel {
        model
        responseCount
        usage {
          ...TokenSums
        }
      }
    }
  }
}
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}`) as unknown as TypedDocumentString<ModelsBeneathQuery, ModelsBeneathQueryVariables>;
export const SessionHeadDocument = new TypedDocumentString(`
    query SessionHead($id: ID!) {
  session(id: $id) {
    archivedAt
    damage {
      line
      reason
    }
  }
}
    `) as unknown as TypedDocumentString<SessionHeadQuery, SessionHeadQueryVariables>;
export const HistoryFromDocument = new TypedDocumentString(`
    query HistoryFrom($id: ID!, $position: Int!, $first: Int!, $textLength: Int) {
  session(id: $id) {
    historyLength
    version
    history(fromPosition: $position, first: $first) {
      nodes {
        ...MessageRow
      }
    }
  }
}
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}
fragment MessageRow on Message {
  id
  key
  position
  role
  kind
  name
  model
  content(maxLength: $textLength)
  contentLength
  reasoning
  isError
  isCopy
  createdAt
  replacedAt
  redactedAt
  toolCallId
  toolCalls {
    toolCallId
    name
    arguments
    result {
      id
      isError
      contentLength
      createdAt
      content(maxLength: $textLength)
    }
    session {
      id
      title
      agentName
      status
      statusMessage
      historyLength
      usage {
        costUsd
      }
    }
  }
  usage {
    ...TokenSums
    reasoningTokens
  }
}`) as unknown as TypedDocumentString<HistoryFromQuery, HistoryFromQueryVariables>;
export const HistoryEndDocument = new TypedDocumentString(`
    query HistoryEnd($id: ID!, $last: Int!, $textLength: Int) {
  session(id: $id) {
    historyLength
    version
    history(last: $last) {
      nodes {
        ...MessageRow
      }
    }
  }
}
    fragment TokenSums on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  costUsd
}
fragment MessageRow on Message {
  id
  key
  position
  role
  kind
  name
  model
  content(maxLength: $textLength)
  contentLength
  reasoning
  isError
  isCopy
  createdAt
  replacedAt
  redactedAt
  toolCallId
  toolCalls {
    toolCallId
    name
    arguments
    result {
      id
      isError
      contentLength
      createdAt
      content(maxLength: $textLength)
    }
    session {
      id
      title
      agentName
      status
      statusMessage
      historyLength
      usage {
        costUsd
      }
    }
  }
  usage {
    ...TokenSums
    reasoningTokens
  }
}`) as unknown as TypedDocumentString<HistoryEndQuery, HistoryEndQueryVariables>;
export const WholeTextDocument = new TypedDocumentString(`
    query WholeText($id: ID!) {
  node(id: $id) {
    ... on Message {
      content
    }
  }
}
    `) as unknown as TypedDocumentString<WholeTextQuery, WholeTextQueryVariables>;
export const PositionOfDocument = new TypedDocumentString(`
    query PositionOf($id: ID!) {
  node(id: $id) {
    ... on Message {
      position
    }
  }
}
    `) as unknown as TypedDocumentString<PositionOfQuery, PositionOfQueryVariables>;
export const SearchDocument = new TypedDocumentString(`
    query Search($query: String!, $within: ID, $first: Int!, $after: String, $fields: [SearchField!], $roles: [MessageRole!]) {
  searchMessages(
    query: $query
    within: $within
    first: $first
    after: $after
    fields: $fields
    roles: $roles
    includeCopies: false
  ) {
    totalCount
    isComplete
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      snippetParts {
        text
        isMatch
      }
      node {
        id
        role
        name
        position
        createdAt
        session {
          id
          title
          agentName
          rootId
          root {
            title
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SearchQuery, SearchQueryVariables>;
export const SessionTitleDocument = new TypedDocumentString(`
    query SessionTitle($id: ID!) {
  session(id: $id) {
    title
  }
}
    `) as unknown as TypedDocumentString<SessionTitleQuery, SessionTitleQueryVariables>;
export const TitlesDocument = new TypedDocumentString(`
    query Titles($query: String!, $first: Int!) {
  sessions(filter: { title: $query, archived: INCLUDE }, first: $first) {
    nodes {
      id
      rootId
      title
      agentName
      status
      lastActiveAt
    }
  }
}
    `) as unknown as TypedDocumentString<TitlesQuery, TitlesQueryVariables>;
export const SessionDetailsDocument = new TypedDocumentString(`
    query SessionDetails($id: ID!) {
  session(id: $id) {
    id
    key
    userId
    project
    agentName
    status
    statusMessage
    statusChangedAt
    createdAt
    lastActiveAt
    updatedAt
    archivedAt
    version
    messageCount
    historyLength
    childCount
    metadata
    damage {
      line
      reason
    }
    spawnedBy {
      sessionId
      messageId
      toolCallId
    }
    forkedFrom {
      sessionId
      messageId
      historyLength
      session {
        id
        rootId
        title
      }
    }
    forks(first: 100) {
      totalCount
      nodes {
        id
        rootId
        title
        status
        historyLength
        forkedFrom {
          historyLength
        }
      }
    }
  }
  usageReport(by: [MODEL], within: $id, subtree: false) {
    model
    responseCount
    usage {
      ...AllTokens
    }
  }
}
    fragment AllTokens on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  cacheWriteTokens
  reasoningTokens
  costUsd
}`) as unknown as TypedDocumentString<SessionDetailsQuery, SessionDetailsQueryVariables>;
export const ComparedDocument = new TypedDocumentString(`
    query Compared($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Session {
      id
      rootId
    }
  }
}
    `) as unknown as TypedDocumentString<ComparedQuery, ComparedQueryVariables>;
export const ComparedHistoryDocument = new TypedDocumentString(`
    query ComparedHistory($id: ID!, $position: Int!, $first: Int!, $textLength: Int!) {
  session(id: $id) {
    historyLength
    forkedFrom {
      sessionId
      historyLength
    }
    history(fromPosition: $position, first: $first) {
      nodes {
        position
        role
        name
        content(maxLength: $textLength)
        contentLength
        toolCalls {
          toolCallId
          name
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ComparedHistoryQuery, ComparedHistoryQueryVariables>;
export const UsageDocument = new TypedDocumentString(`
    query Usage($by: [UsageDimension!]!, $from: DateTime, $first: Int) {
  usageReport(by: $by, from: $from, first: $first) {
    day
    model
    project
    agentName
    userId
    responseCount
    usage {
      ...AllTokens
    }
  }
}
    fragment AllTokens on TokenUsage {
  inputTokens
  outputTokens
  cacheReadTokens
  cacheWriteTokens
  reasoningTokens
  costUsd
}`) as unknown as TypedDocumentString<UsageQuery, UsageQueryVariables>;