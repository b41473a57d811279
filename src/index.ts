export type { Caller, Scope } from './model/caller.ts';
export * from './model/errors.ts';
export { isSessionId, type MessageRef, messageId, newSessionId, parseMessageId } from './model/id.ts';
export { checkInput, type InputRules, inputRules } from './model/input.ts';
export type { JsonObject, JsonValue } from './model/json.ts';
export { DEFAULT_LIMITS, DEFAULT_PAGE_SIZE, type Limits } from './model/limits.ts';
export {
  MESSAGE_ROLES,
  type Message,
  type MessageHead,
  type MessageRole,
  type NewMessage,
  type ShownParts,
  type ShownTexts,
  type TokenUsage,
} from './model/message.ts';
export { type Operation, operationOf } from './model/operation.ts';
export type { SessionRollup } from './model/rollup.ts';
export type {
  ArchivedFilter,
  Damage,
  DeleteMode,
  ForkOrigin,
  Session,
  SessionFilter,
  SessionOrder,
  SessionOrderField,
} from './model/session.ts';
export { DataDirectoryError } from './repository/files/disk/data-directory.ts';
export { DataDirectoryInUseError } from './repository/files/disk/lock.ts';
export { type OpenedRepository, openFileRepository } from './repository/files/open.ts';
export type { FileRepositoryOptions } from './repository/files/runtime/options.ts';
export { UnreadableStoreError } from './repository/files/scan/store-id.ts';
export type { Logger, Progress } from './repository/observer.ts';
export * from './repository/repository.ts';
export { createContext, type SchemaContext, type SchemaContextOptions } from './schema/context.ts';
export { schema } from './schema/index.ts';
export type { Authenticate } from './server/auth/authenticate.ts';
export { unauthenticated } from './server/auth/refusals.ts';
export type { UpgradeListener } from './server/live/web-socket.ts';
export { createNodeHandlers, createRequestListener, type NodeHandlers } from './server/node-handlers.ts';
export type { Refusal } from './server/refusal.ts';
export type { RequestHead } from './server/request-head.ts';
export type { SessiontreeYogaOptions } from './server/settings.ts';
export { createSessiontreeYoga } from './server/yoga.ts';
export type { SessiontreeYoga } from './server/yoga-path.ts';
