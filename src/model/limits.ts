/** Every limit of the system, in one place. Sizes are UTF-8 bytes unless they say otherwise. */
export interface Limits {
  /** A page of `children`, `history` and `sessions`. */
  readonly pageSize: number;
  /** A page of `descendants`. */
  readonly descendantsPageSize: number;
  /** Ids in one `nodes` query. */
  readonly nodeIds: number;
  /** Sessions and messages in one answer, counted each time one appears. */
  readonly objects: number;
  /** Text read for one answer. */
  readonly textBytes: number;
  /** Nesting of a GraphQL document. */
  readonly depth: number;
  /** Aliases in a GraphQL document. */
  readonly aliases: number;
  /** Tokens of a GraphQL document. */
  readonly tokens: number;
  /** A request's body. */
  readonly bodyBytes: number;
  /** Messages in one append. */
  readonly messages: number;
  /** A message's content. */
  readonly contentBytes: number;
  /** A message's payload, as JSON. */
  readonly payloadBytes: number;
  /** Nesting of a payload. */
  readonly payloadDepth: number;
  /** A session's or a message's metadata, as JSON, also after a merge. */
  readonly metadataBytes: number;
  /** Nesting of metadata. */
  readonly metadataDepth: number;
  /** The metadata that a list is filtered by, as JSON: it is compared with every session's. */
  readonly filterBytes: number;
  /** A search query, in characters. */
  readonly queryLength: number;
  /** A title, in characters (UTF-16 code units). */
  readonly titleLength: number;
  /** userId, name, toolCallId and operationId, in characters. */
  readonly nameLength: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  pageSize: 1_000,
  descendantsPageSize: 10_000,
  nodeIds: 1_000,
  objects: 50_000,
  textBytes: 64 * 1024 * 1024,
  depth: 60,
  aliases: 100,
  tokens: 5_000,
  bodyBytes: 16 * 1024 * 1024,
  messages: 1_000,
  contentBytes: 1024 * 1024,
  payloadBytes: 1024 * 1024,
  payloadDepth: 128,
  metadataBytes: 64 * 1024,
  metadataDepth: 32,
  filterBytes: 4 * 1024,
  queryLength: 500,
  titleLength: 500,
  nameLength: 256,
});

/** A page where none is asked for. */
export const DEFAULT_PAGE_SIZE = 50;
