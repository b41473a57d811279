export type { AnyDocument, TypedDocument } from './documents.ts';
export type { Draft, DraftWriter } from './drafts.ts';
export {
  ConflictError,
  ConnectionError,
  type ErrorDetails,
  ForbiddenError,
  type GraphQLErrorEntry,
  InvalidInputError,
  MutationError,
  RequestError,
  SessionArchivedError,
  SessionExistsError,
  SessionHasChildrenError,
  SessionNotFoundError,
  SessiontreeError,
  StorageError,
  TimeoutError,
} from './errors.ts';
export type * from './generated/types.ts';
export type { History, ListHistoryOptions } from './history.ts';
export type { LiveOptions } from './live.ts';
export type { BothWaysOptions, Page, PageOptions, Pages } from './pages.ts';
export type { SearchHit, SearchOptions, SearchPage } from './search.ts';
export type { ListSessionsOptions, SessionKey, SessionPatch, Sessions, WatchOptions } from './sessions.ts';
export { Sessiontree, type UsageOptions } from './sessiontree.ts';
export type { ClientOptions, RequestOptions, WebSocketClass, WebSocketLike } from './transport.ts';
export type { SessionTree, TreeOptions } from './tree.ts';
