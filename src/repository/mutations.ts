import type { MessageRef } from '../model/id.ts';
import type { JsonObject } from '../model/json.ts';
import type { KeyConflict, Message, NewMessage } from '../model/message.ts';
import type { DeleteMode, ForkOrigin, NewSpawnOrigin, Session, SessionStatus } from '../model/session.ts';
import type { Sight } from '../model/sight.ts';
import type { DailyUsage } from '../model/usage-report.ts';
import type { ReadLimit } from './reads.ts';

/** Of a mutation that may make a session. */
export interface Admitted {
  /**
   * Called when a session is about to be made, perhaps more than once; throws to refuse that. Not called for a session that is there, nor
   * for a retry.
   */
  readonly admit?: (() => void) | undefined;
}

export interface CreateSession extends Admitted {
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
  /** Where the first `historyLength` messages come from: their usage is in no sum. */
  readonly forkedFrom?: ForkOrigin | null;
  /** Left out: the current time. */
  readonly createdAt?: Date | null;
  /** Left out: the latest time of the messages, if all bring one. `createdAt` if that is given, and later. */
  readonly lastActiveAt?: Date | null;
  readonly messages?: readonly NewMessage[] | null;
}

/** A message of a session that is restored. */
export interface RestoredMessage extends Omit<NewMessage, 'createdAt'> {
  /** Above that of the message before. */
  readonly ordinal: number;
  readonly createdAt: Date;
  /** When the message last got another form; null if it never did. */
  readonly replacedAt: Date | null;
  /** When what the message said was overwritten; null if it never was. */
  readonly redactedAt?: Date | null;
}

/** An exact copy of a session: the members mean what they mean in `Session`. */
export interface RestoreSession
  extends Pick<
    Session,
    | 'id'
    | 'parentId'
    | 'userId'
    | 'key'
    | 'title'
    | 'agentName'
    | 'project'
    | 'status'
    | 'statusMessage'
    | 'statusChangedAt'
    | 'spawnedBy'
    | 'createdAt'
    | 'lastActiveAt'
    | 'updatedAt'
    | 'version'
    | 'archivedAt'
    | 'forkedFrom'
  > {
  readonly metadata: JsonObject;
  /** The number of `messages`. */
  readonly historyLength: number;
  /** Above the ordinals of all messages. */
  readonly nextOrdinal: number;
  /** All that was ever paid in the session; null: what its messages say. */
  readonly paid: readonly DailyUsage[] | null;
  /** May be called again, if a first write failed for want of room. */
  readonly messages: () => AsyncIterable<RestoredMessage>;
}

export interface Created {
  readonly session: Session;
  /** False if the session was there before. */
  readonly isNew: boolean;
}

export interface AppendMessages {
  readonly sessionId: string;
  readonly messages: readonly NewMessage[];
  /** Default: ERROR. */
  readonly onKey?: KeyConflict | null;
  readonly expectedVersion?: number | null;
}

export interface Appended {
  readonly session: Session;
  /** In the order given. */
  readonly messages: readonly Message[];
}

/** What one write does to a session: its members take effect in the order of this list. */
export interface WriteHistory extends Admitted {
  /** Either this or `key`. */
  readonly sessionId?: string | null;
  readonly key?: string | null;
  /** Whose key; also the user of a root that is created. Left out: nobody. */
  readonly ownerId?: string | null;
  /** Makes the session if there is none. Left out: SessionNotFoundError. */
  readonly create?: CreateIfMissing | null;
  /** At most one of these three: how many messages stay; the key of the last one that stays; how many go, or all if there are fewer. */
  readonly keep?: number | null;
  readonly keepThroughKey?: string | null;
  readonly dropLast?: number | null;
  readonly messages?: readonly NewMessage[] | null;
  /** Default: ERROR. */
  readonly onKey?: KeyConflict | null;
  /** These are as in `UpdateSession`. */
  readonly title?: string | null;
  readonly status?: SessionStatus | null;
  readonly statusMessage?: string | null;
  readonly metadata?: JsonObject | null;
  readonly setMetadata?: JsonObject | null;
  /** 0: only if there is no such session. */
  readonly expectedVersion?: number | null;
  /** A session out of sight is not written: it may be there only since somebody looked. All are in sight when left out. */
  readonly sight?: Sight | null;
}

/** What a session is made of if there is none. */
export interface CreateIfMissing
  extends Pick<
    CreateSession,
    'parentId' | 'title' | 'agentName' | 'metadata' | 'spawnedBy' | 'createdAt' | 'lastActiveAt'
  > {
  /** Left out or null: that of the parent. */
  readonly project?: string | null;
  /** The parent's key, instead of `parentId`: of a session of `ownerId`. */
  readonly parentKey?: string | null;
  /** Need not be there. Messages with `isCopy` at the beginning are those that come from there. */
  readonly forkedFrom?: (Pick<ForkOrigin, 'sessionId'> & Partial<Pick<ForkOrigin, 'messageId'>>) | null;
}

/**
 * How much of the messages in the answer is read. Null: nothing of them is asked for. Both share the text that may be read: the larger
 * number of `bytes`.
 */
export interface AnswerLimits {
  /** Of messages that were there and stay as they are. */
  readonly messages: ReadLimit | null;
  readonly removed: ReadLimit | null;
}

export interface WrittenHistory extends Appended {
  readonly isNew: boolean;
  readonly removedCount: number;
  /** As in `Truncated`. */
  readonly removed: readonly Message[];
}

export interface MetadataChange {
  /** A JSON merge patch (RFC 7396). */
  readonly metadata?: JsonObject | null;
  /** Whole values of outermost keys, set after the patch, which names none of these keys. A null is a value. */
  readonly setMetadata?: JsonObject | null;
}

export interface UpdateSession extends MetadataChange {
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
  readonly expectedVersion?: number | null;
}

export interface DeleteSession {
  readonly sessionId: string;
  /** Nothing of the deleted sessions stays, except their ids and the ids of their operations. Default: false. */
  readonly purge?: boolean | null;
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

export interface ForkSession extends Admitted {
  readonly sessionId: string;
  /** The last message to copy. Left out: the last of the history. */
  readonly throughMessage?: MessageRef | null;
  readonly id?: string | null;
  readonly key?: string | null;
  readonly title?: string | null;
  readonly asRoot: boolean;
  /** When the fork was created, and was active. Left out: the current time. */
  readonly createdAt?: Date | null;
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
  /** Since when the sessions that change are archived. Left out: the current time. */
  readonly archivedAt?: Date | null;
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
  /** Nothing of what the dropped messages said stays, nor of their keys and tool calls. Default: false. */
  readonly purge?: boolean | null;
  readonly expectedVersion?: number | null;
}

export interface Truncated {
  readonly session: Session;
  readonly removedCount: number;
  /** The dropped messages, oldest first, without those that cannot be read. Empty if none were requested. */
  readonly removed: readonly Message[];
}

export interface Redacted {
  /** Those that can be read, in the order of the input, without copies. */
  readonly messages: readonly Message[];
}

export interface RedactMessages {
  /** At least one; also of messages that left the history. */
  readonly messages: readonly MessageRef[];
  /** Also their copies in forks, in forks of these, and so on. */
  readonly copies: boolean;
  /** Only copies in sessions in sight; in all when left out. */
  readonly sight?: Sight | null;
  /** Recorded with the redaction. */
  readonly reason: string;
}
