import { inspect } from 'node:util';

/** The limits that can be set. Sizes are in UTF-8 bytes, unless stated otherwise. */
export interface Limits {
  /** Entries on a page of `children`, `history`, `sessions` and `searchMessages`. */
  readonly pageSize: number;
  /** Entries on a page of `descendants`. */
  readonly descendantsPageSize: number;
  /** Ids in one `nodes` query or `redactMessages`, and keys in one `messagesByKey`. */
  readonly nodeIds: number;
  /** Sessions, messages and groups of usage reports in one answer, counted each time one appears. */
  readonly objects: number;
  /**
   * Bytes of contents, reasoning, tool calls, payloads, metadata and search snippets in one answer, counted each time one appears. JSON
   * counts 32 bytes for each value and key, if that is more.
   */
  readonly textBytes: number;
  /**
   * Bytes of session files read for one answer. Whole lines count, even if the answer shows only a part; and texts, if they count more for
   * `textBytes` than their lines have bytes.
   */
  readonly readBytes: number;
  /** Bytes of one answer as JSON. */
  readonly answerBytes: number;
  /** Sessions, messages and entries of the index that are looked up, counted, summed or searched for one answer. */
  readonly walkedRows: number;
  /** Milliseconds from the head of a request to the end of its execution. A mutation that has begun is finished. */
  readonly requestMs: number;
  /** Mutations in one request. */
  readonly mutations: number;
  /** Bytes that the mutations of one request may have written before another of them begins. */
  readonly writtenBytes: number;
  /** Length of a GraphQL document, in characters. */
  readonly documentLength: number;
  /** Levels of fields in a GraphQL document. */
  readonly depth: number;
  /** Aliases in a GraphQL document. */
  readonly aliases: number;
  /** Tokens of a GraphQL document. */
  readonly tokens: number;
  /** Size of a request body. */
  readonly bodyBytes: number;
  /** JSON values and keys in a request body. Each different key counts twenty more, each different short string one more. */
  readonly bodyValues: number;
  /**
   * Size of all request bodies of more than 64 KiB that are received at once and, apart from that, of the memory that all such bodies take
   * from when they are parsed until their operations have ended: 32 bytes for each value and key, or the size without whitespace between
   * them, whichever is more.
   */
  readonly bodiesBytes: number;
  /** Size of all answers of more than 64 KiB at once, from when they are made until clients have read them. */
  readonly answersBytes: number;
  /** Operations that are executed at once. Further ones wait. */
  readonly operations: number;
  /** Connections at once, if the system allows the process as many open files. */
  readonly connections: number;
  /** Milliseconds after which a connection is closed whose client reads nothing of its answer, or of its subscription. */
  readonly writeMs: number;
  /** Subscriptions at once and, apart from that, connections that are open for them: they do not count among `connections`. */
  readonly subscriptions: number;
  /** Operations at once on one WebSocket: subscriptions, and queries and mutations that are executed. */
  readonly socketOperations: number;
  /**
   * Seconds in which `callerRequests`, `callerMutations` and `callerBytes` count, from the first request on; at most a day. Those and the others that begin
   * with "caller" bound what one caller of a server with authentication may use, so that enough is left to others. A quota of the user takes
   * their place.
   */
  readonly callerSeconds: number;
  /** Requests, operations over WebSocket, and WebSockets that are opened. */
  readonly callerRequests: number;
  readonly callerMutations: number;
  /** Bytes of request bodies, of messages over WebSocket, and of answers, without those of events. */
  readonly callerBytes: number;
  /** Subscriptions at once and, apart from that, WebSockets. */
  readonly callerSubscriptions: number;
  /** Sessions stored in trees of a user, when another is to be made. */
  readonly callerSessions: number;
  /** Size of a message that a client sends over WebSocket; never more than `bodyBytes`. */
  readonly socketMessageBytes: number;
  /** Milliseconds that a client has for the first message of a WebSocket. */
  readonly socketInitMs: number;
  /** Messages in one append. */
  readonly messages: number;
  /** Size of a message's content, and of its reasoning. */
  readonly contentBytes: number;
  /** Tool calls of one message. */
  readonly toolCalls: number;
  /** Size of a message's payload, and of the arguments of a tool call, as JSON. */
  readonly payloadBytes: number;
  /** Levels of nesting in a payload. */
  readonly payloadDepth: number;
  /** Size of a session's or a message's metadata, as JSON, also after a merge. */
  readonly metadataBytes: number;
  /** Levels of nesting in metadata. */
  readonly metadataDepth: number;
  /** Size of the `metadata` of a filter, as JSON. A filter may be compared with the metadata of many sessions. */
  readonly filterBytes: number;
  /** Length of a search query, in characters (UTF-16 code units). */
  readonly queryLength: number;
  /** Words and phrases in a search query. */
  readonly queryWords: number;
  /**
   * Tokens of all words and phrases in a search query: words, characters of scripts without spaces, and emoji. A phrase is compared
   * with every place of its first token.
   */
  readonly queryTokens: number;
  /** Words and phrases in a search query that end in `*`. Each can match many words of the index. */
  readonly queryPrefixes: number;
  /** Size of a session's key. */
  readonly keyBytes: number;
  /** Length of a title, in characters. */
  readonly titleLength: number;
  /** Length of a session's `project`, in characters: a path fits. */
  readonly projectLength: number;
  /** Length of a `statusMessage`, in characters. */
  readonly statusMessageLength: number;
  /** Length of a `userId`, `agentName`, `name`, `model`, `kind`, `toolCallId`, `operationId` or message's `key`, in characters. */
  readonly nameLength: number;
  /** Drafts of messages (`streamMessage`) that have not ended, in the whole store. */
  readonly drafts: number;
  /** Size of the texts and chunks of one draft. A chunk counts as JSON, and 64 bytes more. */
  readonly draftBytes: number;
  /** Size of all drafts together, those included whose end not all watchers have seen. Each counts 1 KiB more. */
  readonly draftsBytes: number;
  /** Milliseconds without a call after which a draft ends. */
  readonly draftMs: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  pageSize: 1_000,
  descendantsPageSize: 10_000,
  nodeIds: 1_000,
  objects: 50_000,
  textBytes: 64 * 1024 * 1024,
  readBytes: 1024 * 1024 * 1024,
  answerBytes: 128 * 1024 * 1024,
  walkedRows: 5_000_000,
  requestMs: 30_000,
  mutations: 100,
  writtenBytes: 64 * 1024 * 1024,
  documentLength: 256 * 1024,
  depth: 60,
  aliases: 100,
  tokens: 5_000,
  bodyBytes: 32 * 1024 * 1024,
  // A payload of 12 MiB of short lines of text, each an object with two keys, passes. A million values take as long as others should wait.
  bodyValues: 1_000_000,
  bodiesBytes: 128 * 1024 * 1024,
  answersBytes: 128 * 1024 * 1024,
  operations: 256,
  connections: 1_000,
  writeMs: 30_000,
  subscriptions: 10_000,
  socketOperations: 100,
  callerSeconds: 60,
  callerRequests: 60_000,
  callerMutations: 60_000,
  callerBytes: 4 * 1024 * 1024 * 1024,
  callerSubscriptions: 1_000,
  callerSessions: 1_000_000,
  socketMessageBytes: 1024 * 1024,
  socketInitMs: 3_000,
  messages: 1_000,
  contentBytes: 1024 * 1024,
  toolCalls: 256,
  payloadBytes: 12 * 1024 * 1024,
  payloadDepth: 128,
  metadataBytes: 256 * 1024,
  metadataDepth: 32,
  filterBytes: 4 * 1024,
  queryLength: 500,
  queryWords: 50,
  queryTokens: 100,
  queryPrefixes: 8,
  keyBytes: 1_024,
  titleLength: 500,
  projectLength: 4_096,
  statusMessageLength: 4_096,
  nameLength: 256,
  drafts: 1_000,
  draftBytes: 1024 * 1024,
  draftsBytes: 64 * 1024 * 1024,
  draftMs: 60_000,
});

/**
 * `DEFAULT_LIMITS` with `changes`. A limit given as undefined keeps its default, so that undefined cannot switch a limit
 * off. Throws a TypeError for a limit that is not an integer of 0 or more.
 */
export function withDefaultLimits(changes: Partial<Limits> = {}): Limits {
  const limits: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(limits) as (keyof Limits)[]) {
    const limit = changes[name];
    if (limit === undefined) continue;
    if (!Number.isSafeInteger(limit) || limit < 0)
      throw new TypeError(`limits.${name}: expected an integer of 0 or more, got ${inspect(limit)}`);
    limits[name] = limit;
  }
  return limits;
}

/** The page size of a request without `first` and `last`. */
export const DEFAULT_PAGE_SIZE = 50;
