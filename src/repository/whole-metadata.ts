import type { JsonObject } from '../model/json.ts';
import type { Session } from '../model/session.ts';
import type { SessionReader } from './repository.ts';

/** The metadata of each session, read where it is long; empty for a session that was deleted meanwhile. */
export async function wholeMetadata(
  reader: Pick<SessionReader, 'metadataOf'>,
  sessions: readonly Pick<Session, 'id' | 'metadata'>[],
): Promise<JsonObject[]> {
  const long = sessions.filter(({ metadata }) => metadata === null).map(({ id }) => id);
  const texts = long.length === 0 ? [] : await reader.metadataOf(long);
  const read = new Map(long.map((id, n) => [id, texts[n]]));
  return sessions.map(({ id, metadata }) => metadata ?? (JSON.parse(read.get(id) ?? '{}') as JsonObject));
}
