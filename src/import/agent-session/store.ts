import type { Session } from '../../model/session.ts';
import type { SessionRepository } from '../../repository/repository.ts';

/** What an import of the Python module's files learns of a session. */
export type PlacedSession = Pick<Session, 'id' | 'parentId' | 'depth' | 'rootId'>;

/** What an import of the Python module's files does with a store. */
export interface AgentSessionStore {
  findMany(ids: readonly string[]): Promise<(PlacedSession | null)[]>;
  create(...input: Parameters<SessionRepository['create']>): Promise<PlacedSession>;
}
