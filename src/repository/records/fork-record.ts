import { InvalidInputError } from '../../model/errors.ts';
import { messageId } from '../../model/id.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ForkSession } from '../mutations.ts';
import type { Stamp } from './mutation-records.ts';
import { type CreateRecord, readable } from './record.ts';
import { saysNothing } from './redacted-form.ts';
import type { SessionState } from './session-state.ts';
import { type StoredMessage, storedMetadata } from './stored-message.ts';

/** A history that was copied for a fork. */
export interface CopiedMessages {
  /** The number of messages. */
  readonly length: number;
  /** How many of them are a user's. */
  readonly messageCount: number;
  /** Id of the last message of the original that was copied; null if there is none. */
  readonly lastMessageId: string | null;
  /** Number of records of the fork: the creation, and those of the messages. */
  readonly parts: number;
}

/** What a fork takes from the original. */
export type ForkedSession = Pick<
  SessionState,
  'id' | 'userId' | 'title' | 'agentName' | 'project' | 'metadata'
>;

/** The record of the creation of the fork `id`. */
export function forkRecord(
  stamp: Stamp,
  store: string,
  id: string,
  input: ForkSession,
  origin: ForkedSession,
  { length, lastMessageId, parts }: Omit<CopiedMessages, 'messageCount'>,
): CreateRecord {
  return readable({
    ...stamp,
    version: 1,
    op: 'create',
    ...(parts > 1 ? { part: 1, parts } : {}),
    store,
    id,
    parentId: input.asRoot ? undefined : origin.id,
    userId: origin.userId ?? undefined,
    key: input.key ?? undefined,
    title: input.title ?? origin.title ?? undefined,
    agentName: origin.agentName ?? undefined,
    project: origin.project ?? undefined,
    metadata: storedMetadata(JSON.parse(origin.metadata) as JsonObject),
    createdAt: input.createdAt?.toISOString(),
    forkedFrom: { sessionId: origin.id, messageId: lastMessageId ?? undefined, historyLength: length },
  });
}

/** The fork with its messages, of which none was paid in it; `created` is the session without them. */
export function forkedState(
  created: SessionState,
  { length, messageCount }: Pick<CopiedMessages, 'length' | 'messageCount'>,
): SessionState {
  return { ...created, messageCount, historyLength: length, nextOrdinal: length };
}

/** A message as a fork has it. `redactedAt` says when it was redacted, if that was done and its form does not say so. */
export function copiedMessage(
  { paidBefore: _, replacedAt: __, ...message }: StoredMessage,
  redactedAt: () => Date | null,
): StoredMessage {
  const isBare = message.redactedAt === undefined && saysNothing(message);
  // A short message had no room for the time.
  return isBare ? { ...message, redactedAt: redactedAt()?.toISOString() } : message;
}

/** The error for a fork through a message that is not in the history of `sessionId`. */
export function outsideHistory(
  sessionId: string,
  message: NonNullable<ForkSession['throughMessage']>,
): InvalidInputError {
  return new InvalidInputError([
    {
      path: ['input', 'throughMessageId'],
      message: `expected a message of the history of "${sessionId}", got "${messageId(message)}"`,
    },
  ]);
}
