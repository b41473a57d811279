import type { Session } from '../../model/session.ts';
import { NO_USAGE } from '../../model/usage.ts';
import type { LastState } from '../dump.ts';
import type { CreateSession } from '../mutations.ts';

/** The last state of a deleted session, for the answer to a late retry: never what it said of itself, or its messages. */
export interface LastOfSession {
  readonly sequence: number;
  readonly rootId: string;
  readonly depth: number;
  readonly userId?: string | undefined;
  readonly createdAt: string;
  readonly lastActiveAt: string;
  readonly messageCount: number;
  readonly historyLength: number;
  readonly version: number;
}

/** A deleted session, as a store remembers it. */
export interface DeletedSession extends Pick<Session, 'id' | 'parentId' | 'arrival'> {
  /** A `LastOfSession` as JSON; null if it is not remembered. */
  readonly last: string | null;
}

type Time = 'createdAt' | 'lastActiveAt';

/** What is stored of the last state of a session; its times as dates, or in milliseconds. */
export function lastOf(state: Omit<LastState, Time> & Readonly<Record<Time, number | Date>>): LastOfSession {
  return {
    sequence: state.sequence,
    rootId: state.rootId,
    depth: state.depth,
    userId: state.userId ?? undefined,
    createdAt: new Date(state.createdAt).toISOString(),
    lastActiveAt: new Date(state.lastActiveAt).toISOString(),
    messageCount: state.messageCount,
    historyLength: state.historyLength,
    version: state.version,
  };
}

/** The last state of a `DeletedSession`; null if it is not remembered. */
export function lastStateOf({ last }: Pick<DeletedSession, 'last'>): LastState | null {
  if (last === null) return null;
  const stored = JSON.parse(last) as LastOfSession;
  return {
    ...stored,
    userId: stored.userId ?? null,
    createdAt: new Date(stored.createdAt),
    lastActiveAt: new Date(stored.lastActiveAt),
  };
}

/** The members of an input that say what its session is from then on. */
type Saying = Pick<CreateSession, 'title' | 'key' | 'agentName' | 'project' | 'status' | 'statusMessage'>;

/** What the input of a mutation says of its session, for the answer to a retry once the session is deleted. */
export function saidOf(input: Saying): Partial<Session> {
  const { title = null, key = null, agentName = null, project = null, status, statusMessage = null } = input;
  return { title, key, agentName, project, status: status ?? 'IDLE', statusMessage };
}

/** A deleted session, completed with what the input of a retry says of it. */
export function completed(session: Session, known: Partial<Session>): Session {
  const whole = { ...session, ...known };
  return { ...whole, metadataBytes: Buffer.byteLength(JSON.stringify(whole.metadata)) };
}

/** A deleted session, with the fields that its tombstone stores, for the answer to a late retry. */
export function sessionOfTombstone(tombstone: DeletedSession): Session {
  const last = JSON.parse(tombstone.last ?? '{}') as LastOfSession;
  return {
    id: tombstone.id,
    sequence: last.sequence,
    arrival: tombstone.arrival,
    parentId: tombstone.parentId,
    rootId: last.rootId,
    depth: last.depth,
    childCount: 0,
    userId: last.userId ?? null,
    key: null,
    title: null,
    agentName: null,
    project: null,
    status: 'IDLE',
    statusMessage: null,
    statusChangedAt: new Date(last.createdAt),
    spawnedBy: null,
    metadata: {},
    metadataBytes: 2,
    createdAt: new Date(last.createdAt),
    lastActiveAt: new Date(last.lastActiveAt),
    treeLastActiveAt: null,
    updatedAt: new Date(last.lastActiveAt),
    usage: NO_USAGE,
    messageCount: last.messageCount,
    historyLength: last.historyLength,
    version: last.version,
    damage: [],
    archivedAt: null,
    forkedFrom: null,
  };
}
