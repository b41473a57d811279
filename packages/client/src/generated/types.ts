// Generated from schema.graphql by `npm run codegen`. Do not edit.

/** A session of an agent: a node in a tree of sessions, with a history of messages. */
export interface Session {
  /** Which agent, or kind of agent, the session runs: "planner", "code-reviewer". */
  readonly agentName: string | null;
  /** When the session was archived; null if it is not archived. */
  readonly archivedAt: string | null;
  /** The number of children. */
  readonly childCount: number;
  /** When the session was created. */
  readonly createdAt: string;
  /** The number of ancestors: 0 for a root. */
  readonly depth: number;
  /** The number of messages in the history, of any role. */
  readonly historyLength: number;
  /** Unique in the whole store, and never reused. A message's id is `<session id>:<ordinal>`. */
  readonly id: string;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. */
  readonly key: string | null;
  /** The time of the latest activity: of an append, or of the latest of its messages if each brought its own time; never before the creation, unless a time was given with the creation and `createdAt` was not. Updates do not count. */
  readonly lastActiveAt: string;
  /** The number of USER messages in the history: one for each exchange. */
  readonly messageCount: number;
  /** Data of the client, stored with the session. */
  readonly metadata: Record<string, unknown>;
  /** The id of the parent, as recorded, even if the parent cannot be read. Null for a root. */
  readonly parentId: string | null;
  /** What the session belongs to, for example a repository or a directory. A child inherits the project of its parent, unless it is given one. */
  readonly project: string | null;
  /** The id of `root`. */
  readonly rootId: string;
  /** What the session is doing. Only a client that sets the status changes it. */
  readonly status: SessionStatus;
  /** When `status` last changed; at first, when the session was created. */
  readonly statusChangedAt: string;
  /** Details of the status: what the session waits for, or why it failed. */
  readonly statusMessage: string | null;
  /** The title. */
  readonly title: string | null;
  /** When the session was last written: with each new version. */
  readonly updatedAt: string;
  /** The user who owns the session. A child inherits the user of its parent, unless it is given one. */
  readonly userId: string | null;
  /** Starts at 1 and grows by one with each mutation of this session. Spawning a child does not change the parent. Pass it as `expectedVersion` to have a mutation refused if the session has changed since it was read. */
  readonly version: number;
  /** What the messages of this session cost, each counted once: copies of a fork do not count, and messages that were rolled back do. The usage of the subtree is in `rollup`. */
  readonly usage: TokenUsage;
  /** What spawned the session; null if no client said so. */
  readonly spawnedBy: SpawnOrigin | null;
  /** The origin of the first messages; null if the session is not a fork. */
  readonly forkedFrom: ForkOrigin | null;
}

/** Tokens and money that one or several messages cost. */
export interface TokenUsage {
  /** Those of `inputTokens` that were read from a cache. */
  readonly cacheReadTokens: number;
  /** Those of `inputTokens` that were written to a cache. */
  readonly cacheWriteTokens: number;
  /** The price in US dollars; null if unknown. */
  readonly costUsd: number | null;
  /** Tokens that the model read. */
  readonly inputTokens: number;
  /** Tokens that the model wrote. */
  readonly outputTokens: number;
  /** Those of `outputTokens` that the model spent on reasoning. */
  readonly reasoningTokens: number;
}

/** The message and the tool call of the parent that spawned a session. */
export interface SpawnOrigin {
  /** The id of the message; null if not given. */
  readonly messageId: string | null;
  /** The id of the parent at that time, also after its deletion. */
  readonly sessionId: string;
  /** The id of the tool call; null if not given. */
  readonly toolCallId: string | null;
}

/** The origin of the first messages of a fork. */
export interface ForkOrigin {
  /** The number of copied messages. */
  readonly historyLength: number;
  /** The id of the last copied message; null if no message was copied. */
  readonly messageId: string | null;
  /** The id of the session that was forked, also after its deletion. */
  readonly sessionId: string;
}

/** A message in a session's history. */
export interface Message {
  /** The text of the message. */
  readonly content: string;
  /** The length of the whole text, in characters (UTF-16 code units). */
  readonly contentLength: number;
  /** The time given with the message, or else the time when the message was appended. */
  readonly createdAt: string;
  /** Unique in the whole store, and never reused. A message's id is `<session id>:<ordinal>`. */
  readonly id: string;
  /** True if the message came with a fork, or was paid for in another session: its usage is in no sum. */
  readonly isCopy: boolean;
  /** True for a TOOL message whose call failed. Stored with any role, as given; false if not given. */
  readonly isError: boolean;
  /** The client's own id for the message, unique in the history of its session. */
  readonly key: string | null;
  /** What an EVENT is. Stored with any role, as given; null if not given. */
  readonly kind: string | null;
  /** Data of the client, stored with the message. */
  readonly metadata: Record<string, unknown>;
  /** The model that wrote the message. */
  readonly model: string | null;
  /** The name of the tool or of the author. */
  readonly name: string | null;
  /** The message in the provider's own format (content parts, tool calls), stored unchanged. */
  readonly payload?: unknown | null;
  /** The position in the history: 0 for the first message. */
  readonly position: number;
  /** What the model thought, apart from what it said. */
  readonly reasoning: string | null;
  /** When what the message said was overwritten (`redactMessages`); null if it never was. `onKey: REPLACE` leaves such a message as it is. */
  readonly redactedAt: string | null;
  /** When the message last got another form (`onKey: REPLACE`); null if it never did. */
  readonly replacedAt: string | null;
  /** The author of the message. */
  readonly role: MessageRole;
  /** The id of the tool call that a TOOL message answers. Stored with any role, as given; null if not given. */
  readonly toolCallId: string | null;
  /** Tokens and money that the message cost; null if not given. */
  readonly usage: TokenUsage | null;
  /** The tool calls of an ASSISTANT message. Stored with any role, as given; empty if none were given. */
  readonly toolCalls: readonly ToolCall[];
}

/** A tool call of the agent. */
export interface ToolCall {
  /** The arguments, stored unchanged; null if there are none. */
  readonly arguments: unknown | null;
  /** The name of the tool. */
  readonly name: string;
  /** The id of the call, unique among those of the model. */
  readonly toolCallId: string;
}

/** A session of an agent: a node in a tree of sessions, with a history of messages. */
export interface WrittenSession {
  /** Unique in the whole store, and never reused. A message's id is `<session id>:<ordinal>`. */
  readonly id: string;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. */
  readonly key: string | null;
  /** Starts at 1 and grows by one with each mutation of this session. Spawning a child does not change the parent. Pass it as `expectedVersion` to have a mutation refused if the session has changed since it was read. */
  readonly version: number;
  /** What the session is doing. Only a client that sets the status changes it. */
  readonly status: SessionStatus;
  /** The number of USER messages in the history: one for each exchange. */
  readonly messageCount: number;
  /** The number of messages in the history, of any role. */
  readonly historyLength: number;
  /** The time of the latest activity: of an append, or of the latest of its messages if each brought its own time; never before the creation, unless a time was given with the creation and `createdAt` was not. Updates do not count. */
  readonly lastActiveAt: string;
}

/** A message in a session's history. */
export interface WrittenMessage {
  /** Unique in the whole store, and never reused. A message's id is `<session id>:<ordinal>`. */
  readonly id: string;
  /** The client's own id for the message, unique in the history of its session. */
  readonly key: string | null;
  /** The position in the history: 0 for the first message. */
  readonly position: number;
  /** The time given with the message, or else the time when the message was appended. */
  readonly createdAt: string;
}

/** A session of an agent: a node in a tree of sessions, with a history of messages. */
export interface SessionOfHit {
  /** Unique in the whole store, and never reused. A message's id is `<session id>:<ordinal>`. */
  readonly id: string;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. */
  readonly key: string | null;
  /** The id of the parent, as recorded, even if the parent cannot be read. Null for a root. */
  readonly parentId: string | null;
  /** The id of `root`. */
  readonly rootId: string;
  /** The title. */
  readonly title: string | null;
  /** Which agent, or kind of agent, the session runs: "planner", "code-reviewer". */
  readonly agentName: string | null;
  /** What the session belongs to, for example a repository or a directory. A child inherits the project of its parent, unless it is given one. */
  readonly project: string | null;
}

/** A part of a snippet: a match, or text beside matches. */
export interface SnippetPart {
  /** True for a match. */
  readonly isMatch: boolean;
  /** The part of the text. */
  readonly text: string;
}

/** The usage of all responses that are alike in the dimensions of a report. What the report is not divided by is null. */
export interface UsageGroup {
  /** AGENT; null for sessions that name none. */
  readonly agentName: string | null;
  /** DAY, such as "2026-01-31". */
  readonly day: string | null;
  /** MODEL; null for the messages that name none. */
  readonly model: string | null;
  /** PROJECT; null for sessions of none. */
  readonly project: string | null;
  /** The number of messages with a `usage`. */
  readonly responseCount: number;
  /** The number of sessions with at least one of the responses. */
  readonly sessionCount: number;
  /** STATUS. */
  readonly status: SessionStatus | null;
  /** USER; null for sessions of nobody. */
  readonly userId: string | null;
  /** The sum of what they cost, as in `SessionRollup.usage`. */
  readonly usage: TokenUsage;
  /** ROOT; null if it was deleted meanwhile. The roots of all groups are read in one batch. */
  readonly root: SessionOfHit | null;
}

/** What has changed since the event before: everything that the cursor covers, or nothing of it. An event without changes is a bookmark: it brings a new cursor. */
export interface SessionChanges {
  /** Pass it as `after` to go on from here, for example after a disconnection. It never expires. */
  readonly cursor: string;
  /** True if the changes since `after` are not known: the store is another one, was put back from a copy, or another program has changed its files. Read the tree again, after this event; the changes go on from its `cursor`. */
  readonly isReset: boolean;
  /** True if nothing more had happened when the event was made. */
  readonly isUpToDate: boolean;
  /** The changes, in the order in which the sessions last changed: a session can come before its parent. All changes of a session stand together, at most one of each kind. Pass over changes of sessions that you do not have, unless they are CREATED, ENTERED or MOVED. Treat MOVED of such a session as ENTERED. */
  readonly changes: readonly SessionChange[];
}

/** What happened to one session. Several changes of the same kind are one, as far as they are in one event. */
export interface SessionChange {
  /** MOVED, LEFT and DELETED: the parent that the session had; null for a root, and for other kinds. */
  readonly formerParentId: string | null;
  /** APPENDED, TRUNCATED and REPLACED: the position in the history before which nothing has changed; null for other kinds. */
  readonly fromPosition: number | null;
  /** What happened. */
  readonly kind: SessionChangeKind;
  /** The session to which it happened. */
  readonly sessionId: string;
  /** The session as it is now, which may be later than the change: its `version` tells. Whatever the kind, show what the session says of itself anew. Null once it is deleted, or the caller may no longer see it. */
  readonly session: Session | null;
  /** APPENDED: the messages from `fromPosition` on. REPLACED: those with another form. Oldest first; empty for other kinds. There can be fewer than happened: the list ends early where the texts use up what the event has left of `textBytes`. Read the rest from the `history` of the session. */
  readonly messages: readonly Message[];
}

/** What was added to a draft: to a message that an agent is saying just now, and that is not stored. */
export interface MessageDraft {
  /** Further events in the provider's own format, unchanged. */
  readonly chunks: readonly unknown[];
  /** What was added to the content. */
  readonly delta: string;
  /** True if the draft has ended: with its message, because the agent said so, or because nothing came for a while. */
  readonly isDone: boolean;
  /** True if the texts and chunks are all so far, in the place of what the client holds: for the first event of a draft, and after its content was replaced. */
  readonly isWhole: boolean;
  /** The key that the message will have. It names the draft. */
  readonly key: string;
  /** What was added to the reasoning. */
  readonly reasoningDelta: string;
  /** The author of the message. */
  readonly role: MessageRole;
  /** The message that the draft became; null if there is none. */
  readonly message: Message | null;
}

/** The session was created, or was there already. */
export interface CreateSessionPayload {
  /** True if the session was created, also in the answer to a retry of that mutation; false if it was there before. */
  readonly isNew: boolean;
  /** The session; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The session was spawned, or was there already. */
export interface SpawnSessionPayload {
  /** True if the session was created, also in the answer to a retry of that mutation; false if it was there before. */
  readonly isNew: boolean;
  /** The session; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The session was changed. */
export interface UpdateSessionPayload {
  /** The session after the mutation; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The session was forked. */
export interface ForkSessionPayload {
  /** The fork; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The session was moved. */
export interface MoveSessionPayload {
  /** The session after the move; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The sessions were archived. */
export interface ArchiveSessionPayload {
  /** The ids of the sessions that changed, in pre-order. Sessions that were in this state before are left out. */
  readonly archivedIds: readonly string[];
  /** The session of the input, after the mutation; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The sessions were unarchived. */
export interface UnarchiveSessionPayload {
  /** The ids of the sessions that changed, in pre-order. Sessions that were in this state before are left out. */
  readonly unarchivedIds: readonly string[];
  /** The session of the input, after the mutation; in the answer to a retry, as it is now. */
  readonly session: Session;
}

/** The sessions were deleted or, with `dryRun`, would be. The id of a deleted session is never free again. */
export interface DeleteSessionPayload {
  /** True if nothing was deleted, because of `dryRun`. */
  readonly isDryRun: boolean;
  /** The ids of the deleted sessions, in pre-order: the session and, with CASCADE, its descendants. */
  readonly deletedIds: readonly string[];
  /** With REPARENT, the ids of the children that moved, in order; otherwise empty. */
  readonly reparentedIds: readonly string[];
}

/** The messages were appended. */
export interface AppendMessagesPayload {
  /** The session after the mutation; in the answer to a retry, as it is now. */
  readonly session: WrittenSession;
  /** The messages of the input, in its order, as the history has them after the write. A retry gets what it wrote in the form of the input, whatever came later; a `createdAt` that the input does not give is the present one. Messages that the write left as they were (IGNORE, or REPLACE by the same form), and those redacted since, come as they are now. */
  readonly messages: readonly WrittenMessage[];
}

/** All of it was done, or had been done before. If nothing had to change, the version is that of before. */
export interface WriteHistoryPayload {
  /** True if the session was created, also in the answer to a retry of that mutation; false if it was there before. */
  readonly isNew: boolean;
  /** The number of dropped messages. */
  readonly removedCount: number;
  /** The session after the mutation; in the answer to a retry, as it is now. */
  readonly session: WrittenSession;
  /** The messages of the input, in its order, as the history has them after the write. A retry gets what it wrote in the form of the input, whatever came later; a `createdAt` that the input does not give is the present one. Messages that the write left as they were (IGNORE, or REPLACE by the same form), and those redacted since, come as they are now. */
  readonly messages: readonly WrittenMessage[];
}

/** The history was rolled back or, with `dryRun`, would be. */
export interface TruncateHistoryPayload {
  /** True if nothing was dropped, because of `dryRun`. */
  readonly isDryRun: boolean;
  /** The number of dropped messages. */
  readonly removedCount: number;
  /** The session after the mutation; in the answer to a retry, as it is now. */
  readonly session: WrittenSession;
}

/** The part was passed on. */
export interface StreamMessagePayload {
  /** How many watch the drafts of the session (`messageStream`) just now. */
  readonly watchers: number;
}

/** The mutation conflicts with an earlier one. */
export interface ConflictErrorFields {
  /** The version of the session; null if the reason is not VERSION. */
  readonly actualVersion: number | null;
  /** The version in the input; null if the reason is not VERSION. */
  readonly expectedVersion: number | null;
  /** The key that is taken; null if the reason is not KEY. */
  readonly key: string | null;
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
  /** The kind of the conflict. */
  readonly reason: ConflictReason;
}

/** The token does not give a right to this. What its holder may not even see is a `SessionNotFoundError` instead. */
export interface ForbiddenErrorFields {
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
}

/** The input is invalid. */
export interface InvalidInputErrorFields {
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
  /** All faults: at least one. */
  readonly issues: readonly InputIssue[];
}

/** A fault in an input. */
export interface InputIssue {
  /** What was expected, what came, and what to do. */
  readonly message: string;
  /** The path to the fault, from the argument: `["input", "messages", "0", "content"]`. */
  readonly path: readonly string[];
}

/** The session is archived: it can be read, but accepts no messages, rollbacks or spawned children. */
export interface SessionArchivedErrorFields {
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
  /** The session that is archived. */
  readonly sessionId: string | null;
}

/** The id is taken by a session, or by a deleted session; or the key by another session. */
export interface SessionExistsErrorFields {
  /** The key in the input; null if only the id is taken. */
  readonly key: string | null;
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
  /** The id in the input; null if only the key is taken. */
  readonly sessionId: string | null;
}

/** A session with children was not deleted, because of the mode RESTRICT. */
export interface SessionHasChildrenErrorFields {
  /** The number of children. */
  readonly childCount: number;
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
  /** The session that has children. */
  readonly sessionId: string | null;
}

/** There is no session with this id. */
export interface SessionNotFoundErrorFields {
  /** The key in the input; null if the input has an id. */
  readonly key: string | null;
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
  /** The id in the input; null if the input has a key. */
  readonly sessionId: string | null;
}

/** The disk failed, for example because it is full, or the database cannot be reached, or the server has no room for a draft. Nothing was changed, unless `isOutcomeUnknown`. */
export interface StorageErrorFields {
  /** True if the mutation may have taken effect all the same: send it again with the same `operationId`. With a store of files, only redactions and purges, which go on where they ended; with a database, a mutation whose connection was lost at its end. */
  readonly isOutcomeUnknown: boolean;
  /** True if a retry can succeed. */
  readonly isRetryable: boolean;
  /** What was expected, what came, and what to do. For people: programs should use the type and the other fields. */
  readonly message: string;
}

/** A new root session. */
export interface CreateSessionInput {
  /** Which agent, or kind of agent, the session runs. Length: at most the server's limit `nameLength`. */
  readonly agentName?: string | null;
  /** When the session was created. Default: now. */
  readonly createdAt?: string | Date | null;
  /** The id of the new session: 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit. Default: a new UUIDv7. */
  readonly id?: string | null;
  /** What happens if a session has the `id` or the `key`. */
  readonly ifExists?: IfExists | null;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. Any text that can be stored (well-formed, without NUL), at least one character. Size: at most the server's limit `keyBytes`. */
  readonly key?: string | null;
  /** When the session was last active; `createdAt` if that is given, and later. Default: the time of the latest message if each brings its own time, and `createdAt` otherwise. */
  readonly lastActiveAt?: string | Date | null;
  /** The first messages, oldest first: at most the server's limit `messages`. They are recorded with the session, or nothing is. */
  readonly messages?: readonly MessageInput[] | null;
  /** Data of the client. Size and nesting: at most the server's limits `metadataBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** What the session belongs to, for example a repository. Length: at most the server's limit `projectLength`. */
  readonly project?: string | null;
  /** What the session is doing. Default: IDLE. */
  readonly status?: SessionStatus | null;
  /** Details of the status. Length: at most the server's limit `statusMessageLength`. */
  readonly statusMessage?: string | null;
  /** The title. Length: at most the server's limit `titleLength`. */
  readonly title?: string | null;
  /** The user who owns the session. Length: at most the server's limit `nameLength`. */
  readonly userId?: string | null;
}

/** What happens if the session is there already. */
export type IfExists = 'ERROR' | 'RETURN';

/** A message to append. */
export interface MessageInput {
  /** The text of the message. Size: at most the server's limit `contentBytes`. */
  readonly content?: string;
  /** The time of the message. Default: now. */
  readonly createdAt?: string | Date | null;
  /** True if the message was paid for in another session: its usage is then in no sum. Default: false. */
  readonly isCopy?: boolean | null;
  /** True for a TOOL message whose call failed. Default: false. */
  readonly isError?: boolean | null;
  /** The client's own id for the message, unique in the history of its session: any text that can be stored (well-formed, without NUL), at least one character. Length: at most the server's limit `nameLength`. */
  readonly key?: string | null;
  /** What an EVENT is. Length: at most the server's limit `nameLength`. */
  readonly kind?: string | null;
  /** Data of the client. Size and nesting: at most the server's limits `metadataBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** The model that wrote the message. Length: at most the server's limit `nameLength`. */
  readonly model?: string | null;
  /** The name of the tool or of the author. Length: at most the server's limit `nameLength`. */
  readonly name?: string | null;
  /** The message in the provider's own format, stored unchanged. Size and nesting: at most the server's limits `payloadBytes` and `payloadDepth`. */
  readonly payload?: unknown | null;
  /** What the model thought, apart from what it said. Size: at most the server's limit `contentBytes`. */
  readonly reasoning?: string | null;
  /** The author of the message. */
  readonly role: MessageRole;
  /** The id of the tool call that a TOOL message answers. Length: at most the server's limit `nameLength`. */
  readonly toolCallId?: string | null;
  /** The tool calls of an ASSISTANT message: at most the server's limit `toolCalls`. */
  readonly toolCalls?: readonly ToolCallInput[] | null;
  /** Tokens and money that the message cost. */
  readonly usage?: TokenUsageInput | null;
}

/** The author of a message. */
export type MessageRole = 'ASSISTANT' | 'EVENT' | 'SYSTEM' | 'TOOL' | 'USER';

/** A tool call of the agent. */
export interface ToolCallInput {
  /** The arguments. Size and nesting: at most the server's limits `payloadBytes` and `payloadDepth`. */
  readonly arguments?: unknown | null;
  /** The name of the tool. Length: at most the server's limit `nameLength`. */
  readonly name: string;
  /** The id of the call. Length: at most the server's limit `nameLength`. */
  readonly toolCallId: string;
}

/** Tokens and money that a message cost. */
export interface TokenUsageInput {
  /** Those of `inputTokens` that were read from a cache. Default: 0. */
  readonly cacheReadTokens?: number | null;
  /** Those of `inputTokens` that were written to a cache. Default: 0. */
  readonly cacheWriteTokens?: number | null;
  /** The price in US dollars: 0 or more. */
  readonly costUsd?: number | null;
  /** Tokens that the model read: 0 or more. */
  readonly inputTokens: number;
  /** Tokens that the model wrote: 0 or more. */
  readonly outputTokens: number;
  /** Those of `outputTokens` that the model spent on reasoning. Default: 0. */
  readonly reasoningTokens?: number | null;
}

/** What a session is doing. Clients set the status, and any may follow any. */
export type SessionStatus = 'CANCELLED' | 'COMPLETED' | 'FAILED' | 'IDLE' | 'RUNNING' | 'WAITING';

/** A new child session. */
export interface SpawnSessionInput {
  /** Which agent, or kind of agent, the session runs. Length: at most the server's limit `nameLength`. */
  readonly agentName?: string | null;
  /** When the session was created. Default: now. */
  readonly createdAt?: string | Date | null;
  /** The id of the new session: 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit. Default: a new UUIDv7. */
  readonly id?: string | null;
  /** What happens if a session has the `id` or the `key`. */
  readonly ifExists?: IfExists | null;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. Any text that can be stored (well-formed, without NUL), at least one character. Size: at most the server's limit `keyBytes`. */
  readonly key?: string | null;
  /** When the session was last active; `createdAt` if that is given, and later. Default: the time of the latest message if each brings its own time, and `createdAt` otherwise. */
  readonly lastActiveAt?: string | Date | null;
  /** The first messages, oldest first: at most the server's limit `messages`. They are recorded with the session, or nothing is. */
  readonly messages?: readonly MessageInput[] | null;
  /** Data of the client. Size and nesting: at most the server's limits `metadataBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The parent. */
  readonly parentId: string;
  /** What the session belongs to, for example a repository. Length: at most the server's limit `projectLength`. Default: that of the parent. */
  readonly project?: string | null;
  /** The message and the tool call of the parent that spawned the session. */
  readonly spawnedBy?: SpawnOriginInput | null;
  /** What the session is doing. Default: IDLE. */
  readonly status?: SessionStatus | null;
  /** Details of the status. Length: at most the server's limit `statusMessageLength`. */
  readonly statusMessage?: string | null;
  /** The title. Length: at most the server's limit `titleLength`. */
  readonly title?: string | null;
  /** Asks for a token with which the child sees and changes its own subtree alone. It expires then, or when the token of the caller does. Only of a server that asks for tokens. */
  readonly tokenExpiresAt?: string | Date | null;
  /** The user who owns the session. Default: that of the parent. Length: at most the server's limit `nameLength`. */
  readonly userId?: string | null;
}

/** What spawned a session: a message of its parent, a tool call of that message, or both. */
export interface SpawnOriginInput {
  /** The id of the message. */
  readonly messageId?: string | null;
  /** The id of the tool call. Length: at most the server's limit `nameLength`. */
  readonly toolCallId?: string | null;
}

/** The changes of a session. Members that are left out do not change. */
export interface UpdateSessionInput {
  /** Which agent, or kind of agent, the session runs. Length: at most the server's limit `nameLength`. Null removes the name. */
  readonly agentName?: string | null;
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. Any text that can be stored (well-formed, without NUL), at least one character. Size: at most the server's limit `keyBytes`. Null removes the key. */
  readonly key?: string | null;
  /** A JSON merge patch (RFC 7396): null removes a key, and keys that are left out do not change. Size and nesting of both the patch and the result: at most the server's limits `metadataBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** What the session belongs to, for example a repository. Length: at most the server's limit `projectLength`. Null removes the project. */
  readonly project?: string | null;
  /** The session to change. */
  readonly sessionId: string;
  /** Whole values of outermost keys: each replaces the value of its key and is not merged into it, and a null is a value. Keys that are left out do not change. It cannot name a key that `metadata` names. Size and nesting: as of `metadata`. */
  readonly setMetadata?: Record<string, unknown> | null;
  /** The message and the tool call of the present parent that spawned the session. */
  readonly spawnedBy?: SpawnOriginInput | null;
  /** What the session is doing. Removes the `statusMessage`, unless one is given. */
  readonly status?: SessionStatus | null;
  /** Details of the status. Length: at most the server's limit `statusMessageLength`. Null removes the message. */
  readonly statusMessage?: string | null;
  /** The title. Length: at most the server's limit `titleLength`. Null removes the title. */
  readonly title?: string | null;
}

/** The history to copy, and the new session. */
export interface ForkSessionInput {
  /** True: the fork is the root of a new tree. False: the fork is a child of the original. */
  readonly asRoot?: boolean | null;
  /** When the fork was created, which is also when it was last active. Default: now. */
  readonly createdAt?: string | Date | null;
  /** The version of the original. The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** The id of the new session: 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit. Default: a new UUIDv7. */
  readonly id?: string | null;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. Any text that can be stored (well-formed, without NUL), at least one character. Size: at most the server's limit `keyBytes`. The key of the original is not copied. */
  readonly key?: string | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The session whose history is copied. */
  readonly sessionId: string;
  /** The id of the last message to copy. Default: the whole history is copied. */
  readonly throughMessageId?: string | null;
  /** The title. Length: at most the server's limit `titleLength`. Default: the title of the original. */
  readonly title?: string | null;
}

/** The session to move, and its new parent. */
export interface MoveSessionInput {
  /** True, instead of a `parentId`: the session becomes the root of a tree of its own. */
  readonly asRoot?: boolean | null;
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The new parent. The session comes after its other children. Give either `parentId` or `asRoot: true`. */
  readonly parentId?: string | null;
  /** The session to move. Its descendants move with it. */
  readonly sessionId: string;
}

/** The session to archive. */
export interface ArchiveSessionInput {
  /** Since when the sessions are archived. A session that was archived before keeps its time. Default: now. */
  readonly archivedAt?: string | Date | null;
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The session. */
  readonly sessionId: string;
  /** True: the descendants too. Ancestors are never changed. */
  readonly subtree?: boolean | null;
}

/** The session to unarchive. */
export interface UnarchiveSessionInput {
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The session. */
  readonly sessionId: string;
  /** True: the descendants too. Ancestors are never changed. */
  readonly subtree?: boolean | null;
}

/** The session to delete. */
export interface DeleteSessionInput {
  /** True: nothing is deleted, and the payload says what would be. */
  readonly dryRun?: boolean | null;
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** What happens to the children. */
  readonly mode?: DeleteMode | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** True: nothing of the deleted sessions stays on the disk, except their ids, those of their operations and of their owner: a late retry of one of these is a StorageError. Forks of them stay, with what they copied. */
  readonly purge?: boolean | null;
  /** The session to delete. */
  readonly sessionId: string;
}

/** What happens to the children of a deleted session. */
export type DeleteMode = 'CASCADE' | 'REPARENT' | 'RESTRICT';

/** Messages to append to a history. */
export interface AppendMessagesInput {
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** The messages, oldest first: at least one, and at most the server's limit `messages`. Either all are appended or none. */
  readonly messages: readonly MessageInput[];
  /** What happens to a message whose key a message of the history has. Keys of messages that the same write drops are free: a message that comes back under one takes over its usage. */
  readonly onKey?: KeyConflict | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The session to append to. */
  readonly sessionId: string;
}

/** What happens to a message whose key a message of the history has. */
export type KeyConflict = 'ERROR' | 'IGNORE' | 'REPLACE';

/** All that an agent's turn does to one session, in this order: the session is made if there is none, the end of the history is dropped, messages are written, and what the session says of itself changes. */
export interface WriteHistoryInput {
  /** Makes the session if there is none, with the `sessionId` or the `key`. Left out: SessionNotFoundError. */
  readonly create?: CreateIfMissingInput | null;
  /** How many messages are dropped from the end; all if there are fewer. */
  readonly dropLast?: number | null;
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. 0: only if there is no such session. Default: any version, or none. */
  readonly expectedVersion?: number | null;
  /** How many messages stay; the rest is dropped. At most as many as there are. At most one of `keep`, `keepThroughKey` and `dropLast`. */
  readonly keep?: number | null;
  /** The key of the last message that stays. It must be that of a message of the history. */
  readonly keepThroughKey?: string | null;
  /** The key of the session, among those of `ownerId`. */
  readonly key?: string | null;
  /** The messages, oldest first: at most the server's limit `messages`. */
  readonly messages?: readonly MessageInput[] | null;
  /** A JSON merge patch (RFC 7396): null removes a key, and keys that are left out do not change. Size and nesting of both the patch and the result: at most the server's limits `metadataBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** What happens to a message whose key a message of the history has. Keys of messages that the same write drops are free: a message that comes back under one takes over its usage. */
  readonly onKey?: KeyConflict | null;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** The user of the root of the tree that the session with the `key` is in; of a root that is created, its user. Length: at most the server's limit `nameLength`. Default: nobody, or the user of the caller where the server asks for tokens. */
  readonly ownerId?: string | null;
  /** The session. Either this or `key`. */
  readonly sessionId?: string | null;
  /** Whole values of outermost keys: each replaces the value of its key and is not merged into it, and a null is a value. Keys that are left out do not change. It cannot name a key that `metadata` names. Size and nesting: as of `metadata`. */
  readonly setMetadata?: Record<string, unknown> | null;
  /** What the session is doing. Removes the `statusMessage`, unless one is given. */
  readonly status?: SessionStatus | null;
  /** Details of the status. Length: at most the server's limit `statusMessageLength`. Null removes the message. */
  readonly statusMessage?: string | null;
  /** The title. Length: at most the server's limit `titleLength`. Null removes the title. */
  readonly title?: string | null;
}

/** What a session is made of where there is none. Where there is one, nothing of this counts. `title` and `metadata` of the write itself are applied to it. */
export interface CreateIfMissingInput {
  /** Which agent, or kind of agent, the session runs. Length: at most the server's limit `nameLength`. */
  readonly agentName?: string | null;
  /** When the session was created. Default: now. */
  readonly createdAt?: string | Date | null;
  /** The origin of a fork: the first of `messages`, those with `isCopy`, come from there. */
  readonly forkedFrom?: ForkOriginInput | null;
  /** When the session was last active: with the rules of `createSession`. */
  readonly lastActiveAt?: string | Date | null;
  /** Data of the client. Size and nesting: at most the server's limits `metadataBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** The parent. Default: none, the session is a root. */
  readonly parentId?: string | null;
  /** The parent's key, in the place of `parentId`. */
  readonly parentKey?: string | null;
  /** What the session belongs to, for example a repository. Length: at most the server's limit `projectLength`. Default: that of the parent. */
  readonly project?: string | null;
  /** The message and the tool call of the parent that spawned the session. */
  readonly spawnedBy?: SpawnOriginInput | null;
  /** The title. Length: at most the server's limit `titleLength`. */
  readonly title?: string | null;
}

/** Where a session was forked from. It need not be there any more. */
export interface ForkOriginInput {
  /** The id of the last message that was copied. */
  readonly messageId?: string | null;
  /** The id of the original. */
  readonly sessionId: string;
}

/** The history to roll back, and the messages to keep. */
export interface TruncateHistoryInput {
  /** True: nothing is dropped, and the payload says what would be. */
  readonly dryRun?: boolean | null;
  /** The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. Default: any version. */
  readonly expectedVersion?: number | null;
  /** The number of messages to keep, from the first on. */
  readonly keep: number;
  /** Makes retries safe. The same id with the same input gets the first answer again and changes nothing more. The same id with other input is a ConflictError. The id is checked before `expectedVersion`. A refused mutation does not use up its id. */
  readonly operationId?: string | null;
  /** True: nothing of what the dropped messages said stays on the disk, nor their keys and tool calls; what sums of usage are made of does. Forks of the session stay, with what they copied. */
  readonly purge?: boolean | null;
  /** The session to roll back. */
  readonly sessionId: string;
}

/** What an agent is saying just now: the next part of a draft. */
export interface StreamMessageInput {
  /** Events in the provider's own format, passed on unchanged. Nesting: at most the server's limit `payloadDepth`. All texts and chunks of a draft: at most the server's limit `draftBytes`. */
  readonly chunks?: readonly unknown[] | null;
  /** All of the content so far, in the place of what was given before. Not together with `delta`. All texts and chunks of a draft: at most the server's limit `draftBytes`. */
  readonly content?: string | null;
  /** What is added to the content. All texts and chunks of a draft: at most the server's limit `draftBytes`. */
  readonly delta?: string | null;
  /** Ends the draft without a message. The message that is written with its key ends it by itself. Default: false. */
  readonly isDone?: boolean | null;
  /** The key that the message will be written with. It names the draft. Length: at most the server's limit `nameLength`. */
  readonly key: string;
  /** What is added to the reasoning. All texts and chunks of a draft: at most the server's limit `draftBytes`. */
  readonly reasoningDelta?: string | null;
  /** The author of the message. That of the first call of a draft counts. */
  readonly role?: MessageRole | null;
  /** Grows with each call of a draft; -2147483648 comes after 2147483647. A call with one that was seen is passed over, so that a retry adds nothing twice. */
  readonly sequence?: number | null;
  /** The session in which the agent speaks. */
  readonly sessionId: string;
}

/** Conditions for sessions. A session must meet all that are given. */
export interface SessionFilter {
  /** Last active at this time or after. */
  readonly activeAfter?: string | Date | null;
  /** Last active before this time. */
  readonly activeBefore?: string | Date | null;
  /** Sessions of this agent. */
  readonly agentName?: string | null;
  /** Default: EXCLUDE in `sessions`, INCLUDE in `searchMessages`. */
  readonly archived?: ArchivedFilter | null;
  /** Created at this time or after. */
  readonly createdAfter?: string | Date | null;
  /** Created before this time. */
  readonly createdBefore?: string | Date | null;
  /** True: only sessions with `damage`. False: only sessions without. */
  readonly damaged?: boolean | null;
  /** Sessions whose key begins so. The empty text: sessions with any key. */
  readonly keyPrefix?: string | null;
  /** Sessions whose metadata contains this object: each key, with a value that contains the given value. A list contains another if it contains each of its elements, in any order. Size and nesting: at most the server's limits `filterBytes` and `metadataDepth`. */
  readonly metadata?: Record<string, unknown> | null;
  /** Children of this session, even if the session cannot be read. */
  readonly parentId?: string | null;
  /** Sessions of this project. */
  readonly project?: string | null;
  /** Sessions of the tree of this root, including the root. */
  readonly rootId?: string | null;
  /** True: only sessions without a parent, or whose parent cannot be read. */
  readonly rootsOnly?: boolean | null;
  /** Sessions with any of these statuses. */
  readonly statuses?: readonly SessionStatus[] | null;
  /** Sessions whose title contains these words, by the rules of `searchMessages`: in any order and any case; `*` at the end of a word finds what begins with it. At most the server's limits of a search. */
  readonly title?: string | null;
  /** Sessions of this user. */
  readonly userId?: string | null;
}

/** Which sessions a list has: archived ones or not. */
export type ArchivedFilter = 'EXCLUDE' | 'INCLUDE' | 'ONLY';

/** The order of a list of sessions. */
export interface SessionOrder {
  /** The direction. */
  readonly direction: OrderDirection;
  /** The time to order by. */
  readonly field: SessionOrderField;
}

/** The direction of an order. */
export type OrderDirection = 'ASC' | 'DESC';

/** The time by which a list of sessions is ordered. Sessions with equal times have a fixed order. */
export type SessionOrderField = 'CREATED_AT' | 'LAST_ACTIVE_AT' | 'TREE_LAST_ACTIVE_AT';

/** A part of a message that a search can look at. */
export type SearchField = 'CONTENT' | 'REASONING' | 'TOOL_CALLS';

/** What a usage report can be divided by. */
export type UsageDimension = 'AGENT' | 'DAY' | 'MODEL' | 'PROJECT' | 'ROOT' | 'STATUS' | 'USER';

/** The kind of a conflict. */
export type ConflictReason = 'KEY' | 'OPERATION' | 'VERSION';

/** What happened to a session in the tree that is watched. */
export type SessionChangeKind = 'APPENDED' | 'CREATED' | 'DELETED' | 'ENTERED' | 'LEFT' | 'MOVED' | 'REPLACED' | 'TRUNCATED' | 'UPDATED';

export interface SessionArguments {
  /** The id of the session. Either this or `key` is required. */
  readonly id?: string | null;
  /** The key of the session. */
  readonly key?: string | null;
  /** With `key`: the user of the root of the tree that the session is in. Default: the user of the token; without one, the tree belongs to nobody. The user of another is for admins. */
  readonly ownerId?: string | null;
}

export interface SessionsArguments {
  /** A cursor of this connection. The page has only entries after it. */
  readonly after?: string | null;
  /** A cursor of this connection. The page has only entries before it. */
  readonly before?: string | null;
  /** Conditions for the sessions. Default: all sessions that are not archived. */
  readonly filter?: SessionFilter | null;
  /** The maximum number of entries, counted from the start of the list or from `after`: at most the server's limit `pageSize`. Default, without `last`: 50, or the limit if that is smaller. */
  readonly first?: number | null;
  /** The maximum number of entries, counted from the end of the list or from `before`: at most the server's limit `pageSize`. The order of the list stays the same. Not together with `first`. */
  readonly last?: number | null;
  /** The order of the list. Default: last active first. */
  readonly orderBy?: SessionOrder | null;
}

export interface HistoryArguments {
  /** A cursor of this connection. The page has only entries after it. */
  readonly after?: string | null;
  /** A cursor of this connection. The page has only entries before it. */
  readonly before?: string | null;
  /** Only messages created at this time or after. */
  readonly createdAfter?: string | Date | null;
  /** Only messages created before this time. */
  readonly createdBefore?: string | Date | null;
  /** The maximum number of entries, counted from the start of the list or from `after`: at most the server's limit `pageSize`. Default, without `last`: 50, or the limit if that is smaller. */
  readonly first?: number | null;
  /** Opens the history at this message, as `fromPosition` does: for example at a search hit. A message that was rolled back stands at the position that it had. */
  readonly fromMessageId?: string | null;
  /** Opens the history at this position: the page begins there, or with `last` ends before it. Page on with cursors. */
  readonly fromPosition?: number | null;
  /** The maximum number of entries, counted from the end of the list or from `before`: at most the server's limit `pageSize`. The order of the list stays the same. Not together with `first`. */
  readonly last?: number | null;
  /** Only messages of these roles. Default: all roles. */
  readonly roles?: readonly MessageRole[] | null;
}

export interface SearchMessagesArguments {
  /** A cursor of this search. The page has only hits after it. */
  readonly after?: string | null;
  /** The parts of messages in which the words are looked for. Each word is in one of them, a phrase as a whole. */
  readonly fields?: readonly SearchField[] | null;
  /** Only messages of sessions that meet these conditions when the first page is made. Other than in `sessions`, archived sessions are included by default. */
  readonly filter?: SessionFilter | null;
  /** The maximum number of hits on the page: at most the server's limit `pageSize`. Default: 50, or the limit if that is smaller. */
  readonly first?: number | null;
  /** False: without copies of messages (`isCopy`). */
  readonly includeCopies?: boolean | null;
  /** The words to find. The server's limits are `queryLength` for the characters, `queryWords` for words and phrases, `queryPrefixes` for those of them that end in `*`, and `queryTokens` for all words of all phrases, with characters of scripts without spaces and emoji counted as words. */
  readonly query: string;
  /** Only messages of these roles. Default: all roles except EVENT. */
  readonly roles?: readonly MessageRole[] | null;
  /** False: only messages of the session `within` itself, which must then be given. */
  readonly subtree?: boolean | null;
  /** Only messages of this session and, unless `subtree` is false, its descendants. Default: the whole store. */
  readonly within?: string | null;
}

export interface UsageReportArguments {
  /** The dimensions, each once. Groups are in the order of the first, then of the second, and so on; null is last. */
  readonly by: readonly UsageDimension[];
  /** Only messages of sessions that meet these conditions. Other than in `sessions`, archived sessions are included by default. */
  readonly filter?: SessionFilter | null;
  /** Only so many groups, ten thousand at most: the costliest, in this order (of equal costs, those with most input and output tokens). Default: all groups, in the order of `by`. */
  readonly first?: number | null;
  /** Only messages created at this time or after. */
  readonly from?: string | Date | null;
  /** False: only messages of the session `within` itself, which must then be given. */
  readonly subtree?: boolean | null;
  /** Only messages created before this time. */
  readonly to?: string | Date | null;
  /** Only messages of this session and, unless `subtree` is false, its descendants. Default: the whole store. */
  readonly within?: string | null;
}

/** One page of a list, as the server answers it. */
export interface Connection<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: ForwardPageInfo & { readonly hasPreviousPage: boolean; readonly startCursor: string | null };
}

export interface ForwardPageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** A message that a search found, as the server answers it. */
export interface SearchEdge {
  readonly node: Message & { readonly session: SessionOfHit };
  readonly snippet: string;
  readonly snippetParts: readonly SnippetPart[];
}
