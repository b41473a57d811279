// Generated from schema.graphql by `npm run codegen`. Do not edit.

import { type OperationText, operation } from '../operation.ts';
import type { AppendMessagesInput, AppendMessagesPayload, ArchiveSessionInput, ArchiveSessionPayload, Connection, CreateSessionInput, CreateSessionPayload, DeleteSessionInput, DeleteSessionPayload, ForkSessionInput, ForkSessionPayload, HistoryArguments, Message, MessageDraft, MoveSessionInput, MoveSessionPayload, SearchEdge, SearchMessagesArguments, Session, SessionArguments, SessionChanges, SessionsArguments, SpawnSessionInput, SpawnSessionPayload, StreamMessageInput, StreamMessagePayload, TruncateHistoryInput, TruncateHistoryPayload, UnarchiveSessionInput, UnarchiveSessionPayload, UpdateSessionInput, UpdateSessionPayload, UsageGroup, UsageReportArguments, WriteHistoryInput, WriteHistoryPayload } from './types.ts';

const PAGE_INFO =
  `pageInfo{hasNextPage hasPreviousPage startCursor endCursor}`;

const MESSAGE_FIELDS =
  `content(maxLength:$maxContentLength:Int) contentLength createdAt id isCopy isError key kind metadata model name position reasoning redactedAt replacedAt role toolCallId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} toolCalls{arguments name toolCallId}`;

const SESSION_FIELDS =
  `agentName archivedAt childCount createdAt depth historyLength id key lastActiveAt messageCount metadata parentId project rootId status statusChangedAt statusMessage title updatedAt userId version usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} spawnedBy{messageId sessionId toolCallId} forkedFrom{historyLength messageId sessionId}`;

export const SESSION: OperationText<{ readonly session: Session | null }, SessionArguments> =
  operation('query Session', `session(id:$ID,key:$String,ownerId:$String){${SESSION_FIELDS}}`);

export const SESSIONS: OperationText<{ readonly sessions: Connection<Session> }, SessionsArguments> =
  operation('query Sessions', `sessions(after:$String,before:$String,filter:$SessionFilter,first:$Int,last:$Int,orderBy:$SessionOrder){nodes{${SESSION_FIELDS}}${PAGE_INFO}}`);

export const TREE: OperationText<{ readonly session: (Session & { readonly descendants: Connection<Session> }) | null }, { readonly id: string; readonly maxDepth?: number | null; readonly first: number; readonly after: string | null }> =
  operation('query Tree', `session(id:$ID!){${SESSION_FIELDS} descendants(maxDepth:$Int,first:$Int,after:$String){nodes{${SESSION_FIELDS}}${PAGE_INFO}}}`);

export const HISTORY: OperationText<{ readonly session: { readonly history: Connection<Message> } | null }, { readonly id: string; readonly maxContentLength?: number | null } & HistoryArguments> =
  operation('query History', `session(id:$ID!){history(after:$String,before:$String,createdAfter:$DateTime,createdBefore:$DateTime,first:$Int,fromMessageId:$ID,fromPosition:$Int,last:$Int,roles:$[MessageRole!]){nodes{${MESSAGE_FIELDS}}${PAGE_INFO}}}`);

export const SEARCH_MESSAGES: OperationText<{ readonly searchMessages: { readonly edges: readonly SearchEdge[]; readonly pageInfo: Connection<never>["pageInfo"]; readonly isComplete: boolean; readonly totalCount: number } }, { readonly maxContentLength?: number | null } & SearchMessagesArguments> =
  operation('query SearchMessages', `searchMessages(query:$String!,after:$String,fields:$[SearchField!],filter:$SessionFilter,first:$Int,includeCopies:$Boolean,roles:$[MessageRole!],subtree:$Boolean,within:$ID){edges{node{${MESSAGE_FIELDS} session{id key parentId rootId title agentName project}}snippet snippetParts{isMatch text}}${PAGE_INFO}isComplete totalCount}`);

export const USAGE_REPORT: OperationText<{ readonly usageReport: readonly UsageGroup[] }, UsageReportArguments> =
  operation('query UsageReport', `usageReport(by:$[UsageDimension!]!,filter:$SessionFilter,first:$Int,from:$DateTime,subtree:$Boolean,to:$DateTime,within:$ID){agentName day model project responseCount sessionCount status userId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} root{id key parentId rootId title agentName project}}`);

export const SESSION_CHANGES: OperationText<{ readonly sessionChanges: SessionChanges }, { readonly within: string | null; readonly after: string | null; readonly messages?: number; readonly maxContentLength?: number }> =
  operation('subscription SessionChanges', `sessionChanges(within:$ID,after:$String){cursor isReset isUpToDate changes{formerParentId fromPosition kind sessionId session{${SESSION_FIELDS}}messages(first:$messages:Int){${MESSAGE_FIELDS}}}}`);

export const MESSAGE_STREAM: OperationText<{ readonly messageStream: MessageDraft }, { readonly sessionId: string }> =
  operation('subscription MessageStream', `messageStream(sessionId:$ID!){chunks delta isDone isWhole key reasoningDelta role message{${MESSAGE_FIELDS}}}`);

/** The input and the payload of each mutation. */
export interface Mutations {
  readonly createSession: { readonly input: CreateSessionInput; readonly payload: CreateSessionPayload };
  readonly spawnSession: { readonly input: SpawnSessionInput; readonly payload: SpawnSessionPayload };
  readonly updateSession: { readonly input: UpdateSessionInput; readonly payload: UpdateSessionPayload };
  readonly forkSession: { readonly input: ForkSessionInput; readonly payload: ForkSessionPayload };
  readonly moveSession: { readonly input: MoveSessionInput; readonly payload: MoveSessionPayload };
  readonly archiveSession: { readonly input: ArchiveSessionInput; readonly payload: ArchiveSessionPayload };
  readonly unarchiveSession: { readonly input: UnarchiveSessionInput; readonly payload: UnarchiveSessionPayload };
  readonly deleteSession: { readonly input: DeleteSessionInput; readonly payload: DeleteSessionPayload };
  readonly appendMessages: { readonly input: AppendMessagesInput; readonly payload: AppendMessagesPayload };
  readonly writeHistory: { readonly input: WriteHistoryInput; readonly payload: WriteHistoryPayload };
  readonly truncateHistory: { readonly input: TruncateHistoryInput; readonly payload: TruncateHistoryPayload };
  readonly streamMessage: { readonly input: StreamMessageInput; readonly payload: StreamMessagePayload };
}

/** What is selected of each payload. */
export const PAYLOADS: Readonly<Record<keyof Mutations, string>> = {
  createSession: `isNew session{${SESSION_FIELDS}}`,
  spawnSession: `isNew session{${SESSION_FIELDS}}`,
  updateSession: `session{${SESSION_FIELDS}}`,
  forkSession: `session{${SESSION_FIELDS}}`,
  moveSession: `session{${SESSION_FIELDS}}`,
  archiveSession: `archivedIds session{${SESSION_FIELDS}}`,
  unarchiveSession: `unarchivedIds session{${SESSION_FIELDS}}`,
  deleteSession: `isDryRun deletedIds reparentedIds`,
  appendMessages: `session{id key version status messageCount historyLength lastActiveAt} messages{id key position createdAt}`,
  writeHistory: `isNew removedCount session{id key version status messageCount historyLength lastActiveAt} messages{id key position createdAt}`,
  truncateHistory: `isDryRun removedCount session{id key version status messageCount historyLength lastActiveAt}`,
  streamMessage: `watchers`,
};

/** What is selected of every typed error. */
export const ERRORS =
  'message ...on ConflictError{actualVersion expectedVersion key reason}...on InvalidInputError{issues{message path}}...on SessionArchivedError{sessionId}...on SessionExistsError{key sessionId}...on SessionHasChildrenError{childCount sessionId}...on SessionNotFoundError{key sessionId}...on StorageError{isOutcomeUnknown isRetryable}';
