import type { MessageRef } from '../model/id.ts';
import type { JsonObject } from '../model/json.ts';
import type { Message, NewMessage } from '../model/message.ts';
import type { DeleteMode, NewSpawnOrigin, Session, SessionStatus } from '../model/session.ts';

export interface CreateSession {
  readonly id?: string | null;
  readonly key?: string | null;
  readonly parentId?: string | null;
  readonly userId?: string | null;
  readonly title?: string | null;
  readonly agentName?: string | null;
  /** Left out: that of the parent. */
  readonly project?: string | null;
  /** Left out: IDLE. */
  readonly status?: SessionStatus | null;
  readonly statusMessage?: string | null;
  /** Only with a `parentId`. */
  readonly spawnedBy?: NewSpawnOrigin | null;
  readonly metadata?: JsonObject | null;
  /** Left out: the current time. */
  readonly createdAt?: Date | null;
  /** Left out: the latest of `createdAt` and, if all messages bring one, their times. */
  readonly lastActiveAt?: Date | null;
  readonly messages?: readonly NewMessage[] | null;
}

export interface Created {
  readonly session: Session;
  /** False if the session was there before. */
  readonly isNew: boolean;
}

export interface AppendMessages {
  readonly sessionId: string;
  readonly messages: readonly NewMessage[];
  /** What happens to a message whose key a message of the history has. ERROR, the default: nothing is appended. */
  readonly onKey?: 'ERROR';
  readonly expectedVersion?: number | null;
}

export interface Appended {
  readonly session: Session;
  readonly messages: readonly Message[];
}

export interface UpdateSession {
  readonly sessionId: string;
  /** Left out: unchanged. Null: the session has no title from then on. */
  readonly title?: string | null;
  /** As `title`, and so are `agentName` and `project`. */
  readonly key?: string | null;
  readonly agentName?: string | null;
  readonly project?: string | null;
  /** Left out or null: unchanged. */
  readonly status?: SessionStatus | null;
  /** Left out: unchanged, or none if `status` is given. Null: none. */
  readonly statusMessage?: string | null;
  /** By the present parent. Left out or null: unchanged. */
  readonly spawnedBy?: NewSpawnOrigin | null;
  readonly metadata?: JsonObject | null;
  readonly expectedVersion?: number | null;
}

export interface DeleteSession {
  readonly sessionId: string;
  readonly mode: DeleteMode;
  readonly expectedVersion?: number | null;
}

/** Ids in pre-order. */
export interface Deleted {
  /** The parent that the session had; null for a root. */
  readonly parentId: string | null;
  readonly deletedIds: readonly string[];
  readonly reparentedIds: readonly string[];
}

export interface ForkSession {
  readonly sessionId: string;
  /** The last message to copy. Left out: the last of the history. */
  readonly throughMessage?: MessageRef | null;
  readonly id?: string | null;
  readonly key?: string | null;
  readonly title?: string | null;
  readonly asRoot: boolean;
  readonly expectedVersion?: number | null;
}

export interface MoveSession {
  readonly sessionId: string;
  /** Null: the session becomes a root. */
  readonly parentId: string | null;
  readonly expectedVersion?: number | null;
}

export interface Moved {
  readonly session: Session;
  /** The parent before the move; null for a root. */
  readonly formerParentId: string | null;
}

export interface ArchiveSession {
  readonly sessionId: string;
  /** True archives, false unarchives. */
  readonly archived: boolean;
  readonly subtree: boolean;
  readonly expectedVersion?: number | null;
}

export interface Archived {
  readonly session: Session;
  readonly changedIds: readonly string[];
}

export interface TruncateHistory {
  readonly sessionId: string;
  /** The number of messages that stay. */
  readonly keep: number;
  readonly expectedVersion?: number | null;
}

export interface Truncated {
  readonly session: Session;
  readonly removedCount: number;
  /** The dropped messages, oldest first, without those that cannot be read. Empty if none were requested. */
  readonly removed: readonly Message[];
}
