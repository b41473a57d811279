import type { JsonObject } from '../model/json.ts';
import type { Session } from '../model/session.ts';
import type { SessionReader } from './repository.ts';

/** A session with its metadata, long or short. */
export type WholeSession = Session & { readonly metadata: JsonObject };

/** The sessions with their metadata, read where it is long. That of a session which was deleted meanwhile is empty. */
export async function wholeSessions(
  reader: Pick<SessionReader, 'metadataOf'>,
  sessions: readonly Session[],
): Promise<WholeSession[]> {
  const long = sessions.filter(({ metadata }) => metadata === null).map(({ id }) => id);
  const texts = long.length === 0 ? [] : await reader.metadataOf(long);
  const read = new Map(long.map((id, n) => [id, texts[n]]));
  return sessions.map((session) => ({
    ...session,
    metadata: session.metadata ?? (JSON.parse(read.get(session.id) ?? '{}') as JsonObject),
  }));
}
