// Generated from schema.graphql by `npm run codegen`. Do not edit.

import type { AppendMessagesInput, AppendMessagesPayload, ArchiveSessionInput, ArchiveSessionPayload, Connection, CreateSessionInput, CreateSessionPayload, DeleteSessionInput, DeleteSessionPayload, ForkSessionInput, ForkSessionPayload, ForwardPageInfo, HistoryArguments, Message, MessageDraft, MoveSessionInput, MoveSessionPayload, SearchEdge, SearchMessagesArguments, Session, SessionArguments, SessionChanges, SessionsArguments, SpawnSessionInput, SpawnSessionPayload, StreamMessageInput, StreamMessagePayload, TruncateHistoryInput, TruncateHistoryPayload, UnarchiveSessionInput, UnarchiveSessionPayload, UpdateSessionInput, UpdateSessionPayload, UsageGroup, UsageReportArguments, WriteHistoryInput, WriteHistoryPayload } from './types.ts';

/** What a mutation answers: its payload, or why it was refused. */
export type MutationResult<Payload> = ({ readonly __typename: string } & Payload) | Refusal;

/** A typed error of a mutation: its other fields are those of its type. */
export interface Refusal {
  readonly __typename: string;
  readonly message: string;
}

/** The text of an operation, with the types of its data and its variables. */
export type OperationText<Data, Variables> = string & { __apiType?: (variables: Variables) => Data };

const ERRORS =
  'message ...on ConflictError{actualVersion expectedVersion key reason}...on InvalidInputError{issues{message path}}...on SessionArchivedError{sessionId}...on SessionExistsError{key sessionId}...on SessionHasChildrenError{childCount sessionId}...on SessionNotFoundError{key sessionId}...on StorageError{isOutcomeUnknown isRetryable}';

const SESSION_FIELDS =
  'agentName archivedAt childCount createdAt depth historyLength id key lastActiveAt messageCount metadata parentId project rootId status statusChangedAt statusMessage title updatedAt userId version usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} spawnedBy{messageId sessionId toolCallId} forkedFrom{historyLength messageId sessionId}';

const WRITTEN_SESSION =
  'id key version status messageCount historyLength lastActiveAt';

const PAGE_INFO =
  'pageInfo{hasNextPage hasPreviousPage startCursor endCursor}';

export const SESSION: OperationText<{ readonly session: Session | null }, SessionArguments> =
  `query Session($id:ID,$key:String,$ownerId:String){session(id:$id,key:$key,ownerId:$ownerId){${SESSION_FIELDS}}}`;

export const SESSIONS: OperationText<{ readonly sessions: Connection<Session> }, SessionsArguments> =
  `query Sessions($after:String,$before:String,$filter:SessionFilter,$first:Int,$last:Int,$orderBy:SessionOrder){sessions(after:$after,before:$before,filter:$filter,first:$first,last:$last,orderBy:$orderBy){nodes{${SESSION_FIELDS}}${PAGE_INFO}}}`;

export const TREE: OperationText<{ readonly session: (Session & { readonly descendants: Connection<Session> }) | null }, { readonly id: string; readonly maxDepth?: number | null; readonly first: number }> =
  `query Tree($id:ID!,$maxDepth:Int,$first:Int){session(id:$id){${SESSION_FIELDS} descendants(maxDepth:$maxDepth,first:$first){nodes{${SESSION_FIELDS}}${PAGE_INFO}}}}`;

export const DESCENDANTS: OperationText<{ readonly session: { readonly descendants: Connection<Session> } | null }, { readonly id: string; readonly maxDepth?: number | null; readonly first: number; readonly after: string | null }> =
  `query Descendants($id:ID!,$maxDepth:Int,$first:Int,$after:String){session(id:$id){descendants(maxDepth:$maxDepth,first:$first,after:$after){nodes{${SESSION_FIELDS}}${PAGE_INFO}}}}`;

export const HISTORY: OperationText<{ readonly session: { readonly history: Connection<Message> } | null }, { readonly id: string; readonly maxContentLength?: number | null } & HistoryArguments> =
  `query History($id:ID!,$maxContentLength:Int,$after:String,$before:String,$createdAfter:DateTime,$createdBefore:DateTime,$first:Int,$fromMessageId:ID,$fromPosition:Int,$last:Int,$roles:[MessageRole!]){session(id:$id){history(after:$after,before:$before,createdAfter:$createdAfter,createdBefore:$createdBefore,first:$first,fromMessageId:$fromMessageId,fromPosition:$fromPosition,last:$last,roles:$roles){nodes{content(maxLength:$maxContentLength) contentLength createdAt id isCopy isError key kind metadata model name position reasoning replacedAt role toolCallId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} toolCalls{arguments name toolCallId}}${PAGE_INFO}}}}`;

export const HISTORY_WITH_PAYLOADS: OperationText<{ readonly session: { readonly history: Connection<Message> } | null }, { readonly id: string; readonly maxContentLength?: number | null } & HistoryArguments> =
  `query HistoryWithPayloads($id:ID!,$maxContentLength:Int,$after:String,$before:String,$createdAfter:DateTime,$createdBefore:DateTime,$first:Int,$fromMessageId:ID,$fromPosition:Int,$last:Int,$roles:[MessageRole!]){session(id:$id){history(after:$after,before:$before,createdAfter:$createdAfter,createdBefore:$createdBefore,first:$first,fromMessageId:$fromMessageId,fromPosition:$fromPosition,last:$last,roles:$roles){nodes{content(maxLength:$maxContentLength) contentLength createdAt id isCopy isError key kind metadata model name payload position reasoning replacedAt role toolCallId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} toolCalls{arguments name toolCallId}}${PAGE_INFO}}}}`;

export const SEARCH_MESSAGES: OperationText<{ readonly searchMessages: { readonly edges: readonly SearchEdge[]; readonly pageInfo: ForwardPageInfo; readonly isComplete: boolean; readonly totalCount: number } }, { readonly maxContentLength?: number | null } & SearchMessagesArguments> =
  `query SearchMessages($maxContentLength:Int,$query:String!,$after:String,$fields:[SearchField!]=[CONTENT],$filter:SessionFilter,$first:Int,$includeCopies:Boolean=true,$roles:[MessageRole!],$subtree:Boolean=true,$within:ID){searchMessages(query:$query,after:$after,fields:$fields,filter:$filter,first:$first,includeCopies:$includeCopies,roles:$roles,subtree:$subtree,within:$within){edges{node{content(maxLength:$maxContentLength) contentLength createdAt id isCopy isError key kind metadata model name position reasoning replacedAt role toolCallId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} toolCalls{arguments name toolCallId} session{id key parentId rootId title agentName project}}snippet snippetParts{isMatch text}}pageInfo{hasNextPage endCursor}isComplete totalCount}}`;

export const USAGE_REPORT: OperationText<{ readonly usageReport: readonly UsageGroup[] }, UsageReportArguments> =
  `query UsageReport($by:[UsageDimension!]!,$filter:SessionFilter,$first:Int,$from:DateTime,$subtree:Boolean=true,$to:DateTime,$within:ID){usageReport(by:$by,filter:$filter,first:$first,from:$from,subtree:$subtree,to:$to,within:$within){agentName day model project responseCount sessionCount status userId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} root{id key parentId rootId title agentName project}}}`;

export const CREATE_SESSION: OperationText<{ readonly createSession: MutationResult<CreateSessionPayload> }, { readonly input: CreateSessionInput }> =
  `mutation CreateSession($input:CreateSessionInput!){createSession(input:$input){__typename ...on CreateSessionPayload{isNew session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const SPAWN_SESSION: OperationText<{ readonly spawnSession: MutationResult<SpawnSessionPayload> }, { readonly input: SpawnSessionInput }> =
  `mutation SpawnSession($input:SpawnSessionInput!){spawnSession(input:$input){__typename ...on SpawnSessionPayload{isNew session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const UPDATE_SESSION: OperationText<{ readonly updateSession: MutationResult<UpdateSessionPayload> }, { readonly input: UpdateSessionInput }> =
  `mutation UpdateSession($input:UpdateSessionInput!){updateSession(input:$input){__typename ...on UpdateSessionPayload{session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const FORK_SESSION: OperationText<{ readonly forkSession: MutationResult<ForkSessionPayload> }, { readonly input: ForkSessionInput }> =
  `mutation ForkSession($input:ForkSessionInput!){forkSession(input:$input){__typename ...on ForkSessionPayload{session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const MOVE_SESSION: OperationText<{ readonly moveSession: MutationResult<MoveSessionPayload> }, { readonly input: MoveSessionInput }> =
  `mutation MoveSession($input:MoveSessionInput!){moveSession(input:$input){__typename ...on MoveSessionPayload{session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const ARCHIVE_SESSION: OperationText<{ readonly archiveSession: MutationResult<ArchiveSessionPayload> }, { readonly input: ArchiveSessionInput }> =
  `mutation ArchiveSession($input:ArchiveSessionInput!){archiveSession(input:$input){__typename ...on ArchiveSessionPayload{archivedIds session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const UNARCHIVE_SESSION: OperationText<{ readonly unarchiveSession: MutationResult<UnarchiveSessionPayload> }, { readonly input: UnarchiveSessionInput }> =
  `mutation UnarchiveSession($input:UnarchiveSessionInput!){unarchiveSession(input:$input){__typename ...on UnarchiveSessionPayload{unarchivedIds session{${SESSION_FIELDS}}}...on Error{${ERRORS}}}}`;

export const DELETE_SESSION: OperationText<{ readonly deleteSession: MutationResult<DeleteSessionPayload> }, { readonly input: DeleteSessionInput }> =
  `mutation DeleteSession($input:DeleteSessionInput!){deleteSession(input:$input){__typename ...on DeleteSessionPayload{isDryRun deletedIds reparentedIds}...on Error{${ERRORS}}}}`;

export const APPEND_MESSAGES: OperationText<{ readonly appendMessages: MutationResult<AppendMessagesPayload> }, { readonly input: AppendMessagesInput }> =
  `mutation AppendMessages($input:AppendMessagesInput!){appendMessages(input:$input){__typename ...on AppendMessagesPayload{session{${WRITTEN_SESSION}} messages{id key position createdAt}}...on Error{${ERRORS}}}}`;

export const WRITE_HISTORY: OperationText<{ readonly writeHistory: MutationResult<WriteHistoryPayload> }, { readonly input: WriteHistoryInput }> =
  `mutation WriteHistory($input:WriteHistoryInput!){writeHistory(input:$input){__typename ...on WriteHistoryPayload{isNew removedCount session{${WRITTEN_SESSION}} messages{id key position createdAt}}...on Error{${ERRORS}}}}`;

export const TRUNCATE_HISTORY: OperationText<{ readonly truncateHistory: MutationResult<TruncateHistoryPayload> }, { readonly input: TruncateHistoryInput }> =
  `mutation TruncateHistory($input:TruncateHistoryInput!){truncateHistory(input:$input){__typename ...on TruncateHistoryPayload{isDryRun removedCount session{${WRITTEN_SESSION}}}...on Error{${ERRORS}}}}`;

export const STREAM_MESSAGE: OperationText<{ readonly streamMessage: MutationResult<StreamMessagePayload> }, { readonly input: StreamMessageInput }> =
  `mutation StreamMessage($input:StreamMessageInput!){streamMessage(input:$input){__typename ...on StreamMessagePayload{watchers}...on Error{${ERRORS}}}}`;

export const SESSION_CHANGES: OperationText<{ readonly sessionChanges: SessionChanges }, { readonly within: string | null; readonly after: string | null; readonly messages?: number; readonly maxContentLength?: number }> =
  `subscription SessionChanges($within:ID,$after:String,$messages:Int,$maxContentLength:Int){sessionChanges(within:$within,after:$after){cursor isReset isUpToDate changes{formerParentId fromPosition kind sessionId session{${SESSION_FIELDS}}messages(first:$messages){content(maxLength:$maxContentLength) contentLength createdAt id isCopy isError key kind metadata model name position reasoning replacedAt role toolCallId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} toolCalls{arguments name toolCallId}}}}}`;

export const MESSAGE_STREAM: OperationText<{ readonly messageStream: MessageDraft }, { readonly sessionId: string }> =
  `subscription MessageStream($sessionId:ID!){messageStream(sessionId:$sessionId){chunks delta isDone isWhole key reasoningDelta role message{content contentLength createdAt id isCopy isError key kind metadata model name position reasoning replacedAt role toolCallId usage{cacheReadTokens cacheWriteTokens costUsd inputTokens outputTokens reasoningTokens} toolCalls{arguments name toolCallId}}}}`;
