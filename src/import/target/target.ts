import type { JsonObject } from '../../model/json.ts';
import type { Limits } from '../../model/limits.ts';
import type { NewMessage, NewTokenUsage } from '../../model/message.ts';
import type { NewSpawnOrigin } from '../../model/session.ts';
import type { CreateIfMissing, UpdateSession } from '../../repository/mutations.ts';

/** How many messages `keysOf` reads at a time. */
export const KEYS_A_PAGE = 1_000;

/** What an import has to know of a stored session. */
export interface StoredSession {
  readonly id: string;
  readonly key: string | null;
  readonly parentId: string | null;
  readonly title: string | null;
  readonly agentName: string | null;
  readonly project: string | null;
  readonly status: string;
  readonly statusMessage: string | null;
  readonly hasSpawnOrigin: boolean;
  readonly historyLength: number;
  readonly usage: Pick<NewTokenUsage, 'costUsd'>;
  readonly metadata: JsonObject;
  readonly archivedAt: Date | null;
}

/** A session of which nothing is known but where it is. */
export function emptyStored(id: string, parentId: string | null): StoredSession {
  return {
    id,
    key: null,
    parentId,
    title: null,
    agentName: null,
    project: null,
    status: 'IDLE',
    statusMessage: null,
    hasSpawnOrigin: false,
    historyLength: 0,
    usage: { costUsd: null },
    metadata: {},
    archivedAt: null,
  };
}

/** A write to one history. */
export interface TargetWrite {
  readonly sessionId: string;
  readonly ownerId: string | null;
  /** Makes the session if there is none. */
  readonly create: CreateIfMissing | null;
  /** Drops what follows the message with this key. */
  readonly keepThroughKey?: string;
  /** Drops what follows the first messages. */
  readonly keep?: number;
  readonly messages: readonly NewMessage[];
  /** A message whose key is there takes the place of the earlier form. */
  readonly onKey: 'REPLACE';
}

/** What an import reads of a store. */
export interface StoredSessions {
  /** The sessions with these ids, at most 1,000; null for an id that no session has. */
  find(ids: readonly string[]): Promise<(StoredSession | null)[]>;
  /** All messages of a history that have a key, in order. */
  keysOf(sessionId: string): AsyncIterable<KeyedMessage>;
}

/** Where an import writes: a data directory, or a running server. All methods reject with the errors of `model/errors.ts`. */
export interface Target extends StoredSessions {
  readonly limits: Limits;
  /** True if the writes of the target do nothing. */
  readonly isDryRun: boolean;
  /** True if the session was made by the write. Rejects with a SessionExistsError for the id of a deleted session. */
  write(input: TargetWrite): Promise<boolean>;
  /** Changes what a session says of itself. */
  update(input: Omit<UpdateSession, 'spawnedBy'> & { readonly spawnedBy?: NewSpawnOrigin }): Promise<void>;
  move(sessionId: string, parentId: string): Promise<void>;
  /** `archivedAt` null: unarchives the session. */
  archive(sessionId: string, archivedAt: Date | null): Promise<void>;
}

/** What an import has to know of a stored message. */
export interface KeyedMessage {
  readonly key: string;
  readonly role: NewMessage['role'];
  readonly createdAt: Date;
  readonly usage: NewTokenUsage | null;
  readonly isCopy: boolean;
}
