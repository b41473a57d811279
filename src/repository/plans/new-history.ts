import {
  ConflictError,
  InvalidInputError,
  SessionExistsError,
  SessionNotFoundError,
} from '../../model/errors.ts';
import type { ForkOrigin, Session } from '../../model/session.ts';
import type { CreateIfMissing, CreateSession, WriteHistory, WrittenHistory } from '../mutations.ts';
import { appending, placesOf } from '../records/encode-history.ts';
import { changedMetadata, type MetadataLimits } from '../records/mutation-records.ts';
import type { OperationAnswer } from '../records/record.ts';
import type { AppliedOperation } from '../records/session-state.ts';
import { saidOf } from './deleted-session.ts';
import { messageAt } from './history-write.ts';

/** The counts of a new session. */
const NO_HISTORY = { historyLength: 0, messageCount: 0, nextOrdinal: 0 } as const;

/** The members of the creation are here in the input of the client: the paths of issues begin so. */
export const CREATE_PATH = ['input', 'create'] as const;

/** What the record of the operation says of a write that made the session. */
export const CREATED: OperationAnswer = { isNew: true };

/** The error for a session that a write names, and that is not there. */
export function notFound({ sessionId, key }: WriteHistory): SessionNotFoundError {
  return key == null ? new SessionNotFoundError(sessionId!) : SessionNotFoundError.key(key);
}

/** The error for a session that is there, and that the caller may not see. */
export function hidden({ sessionId, key, create }: WriteHistory, id: string): Error {
  if (create) return SessionExistsError.hidden({ id: sessionId, key });
  return key == null ? new SessionNotFoundError(id) : SessionNotFoundError.key(key);
}

/** True if the session that was not found is the one that the input names. */
export function isAbout(error: SessionNotFoundError, { sessionId, key }: WriteHistory): boolean {
  return sessionId == null ? error.key === key : error.sessionId === sessionId;
}

/**
 * Throws an InvalidInputError or a ConflictError if a session `id` that is about to be made cannot be as the input wants it before the
 * write.
 */
export function refuseUnlikeNew(id: string, { keep, keepThroughKey, expectedVersion }: WriteHistory): void {
  if (keep != null && keep > 0) {
    const message = `expected 0, the length of the history of a session that is created, got ${keep}`;
    throw new InvalidInputError([{ path: ['input', 'keep'], message }]);
  }
  if (keepThroughKey != null) {
    const message = `expected no key of a message, since the session is created, got "${keepThroughKey}"`;
    throw new InvalidInputError([{ path: ['input', 'keepThroughKey'], message }]);
  }
  if (expectedVersion != null && expectedVersion > 0) throw ConflictError.version(id, expectedVersion, 0);
}

/** Throws an InvalidInputError if the tree in which a session with a key is to be made has another owner than the input says. */
export function refuseOtherOwner(treeOwnerId: string | null, { ownerId = null }: WriteHistory): void {
  if (treeOwnerId === ownerId) return;
  const expected = treeOwnerId === null ? 'nobody' : `"${treeOwnerId}"`;
  const got = ownerId === null ? 'nobody' : `"${ownerId}"`;
  const message = `expected ${expected}, who owns the tree of the parent, got ${got}: the key would not be found again`;
  throw new InvalidInputError([{ path: ['input', 'ownerId'], message }]);
}

/** The session `id` that a write makes beneath `parentId`. Throws an InvalidInputError if its metadata exceeds its limits. */
export function creationOf(
  id: string,
  parentId: string | null,
  input: WriteHistory,
  create: CreateIfMissing,
  limits: MetadataLimits,
): CreateSession {
  const { key, ownerId = null, status, statusMessage, messages, admit } = input;
  const { parentKey: _, forkedFrom, ...described } = create;
  return {
    ...described,
    id,
    key,
    parentId,
    ...(parentId === null && { userId: ownerId }),
    ...titled(input, create, limits),
    project: create.project ?? undefined,
    status,
    statusMessage,
    forkedFrom: forkedFrom ? forkOriginOf(forkedFrom, input) : null,
    messages,
    admit,
  };
}

/** The answer to a write that made the session. */
export function createdHistory(session: Session, { messages }: WriteHistory): WrittenHistory {
  const change = appending(NO_HISTORY, messages ?? []);
  const places = placesOf(NO_HISTORY, change);
  return {
    session,
    isNew: true,
    removed: [],
    removedCount: 0,
    messages: change.writes.map((write, n) => messageAt(session.id, session.updatedAt, write, places[n]!)),
  };
}

/** What the input of a retry says of the session, for the answer once the session is deleted. */
export function knownBefore(
  applied: Pick<AppliedOperation, 'answer'>,
  input: WriteHistory,
  limits: MetadataLimits,
): Partial<Session> {
  const { isNew } = JSON.parse(applied.answer ?? '{}') as OperationAnswer;
  return isNew && input.create
    ? { ...saidOf({ ...input.create, ...input }), ...titled(input, input.create, limits) }
    : saidOf(input);
}

/** The title and the metadata of a new session. Throws an InvalidInputError if the metadata exceeds its limits. */
function titled(input: WriteHistory, create: CreateIfMissing, limits: MetadataLimits) {
  const metadata = create.metadata ?? {};
  return {
    title: (input.title === undefined ? create.title : input.title) ?? null,
    metadata: changedMetadata({ metadata: JSON.stringify(metadata) }, input, limits) ?? metadata,
  };
}

function forkOriginOf(
  { sessionId, messageId = null }: NonNullable<CreateIfMissing['forkedFrom']>,
  { messages }: WriteHistory,
): ForkOrigin {
  const first = (messages ?? []).findIndex(({ isCopy }) => !isCopy);
  return { sessionId, messageId, historyLength: first === -1 ? (messages?.length ?? 0) : first };
}
