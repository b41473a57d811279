export * from './model/errors.ts';
export { isSessionId, type MessageRef, messageId, newSessionId, parseMessageId } from './model/id.ts';
export type { JsonObject, JsonValue } from './model/json.ts';
export { DEFAULT_LIMITS, DEFAULT_PAGE_SIZE, type Limits } from './model/limits.ts';
export {
  MESSAGE_ROLES,
  type Message,
  type MessageRole,
  type NewMessage,
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
export { DataDirectoryInUseError } from './repository/files/disk/lock.ts';
export { openFileRepository } from './repository/files/open.ts';
export type { FileRepositoryOptions } from './repository/files/options.ts';
export type { Logger, Progress } from './repository/observer.ts';
export * from './repository/repository.ts';
export { createContext, type SchemaContext, type SchemaContextOptions } from './schema/context.ts';
export { schema } from './schema/index.ts';
export { createRequestListener } from './server/fast-path.ts';
export { createSessiontreeYoga, type SessiontreeYoga, type SessiontreeYogaOptions } from './server/yoga.ts';
