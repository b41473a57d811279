import type { JsonObject } from '../model/json.ts';
import type { Session } from '../model/session.ts';
import type { SessionReader } from './repository.ts';

/** A session with its metadata, long or short. */
export type WholeSession = Session & { readonly metadata: JsonObject };

/** Bounds what a store reads at once: long metadata can have 256 KiB. */
const READ_AT_ONCE = 100;

/** The sessions with their metadata, read where it is long. That of a session which was deleted meanwhile is empty. */
export async function wholeSessions(
  reader: Pick<SessionReader, 'metadataOf'>,
  sessions: readonly Session[],
): Promise<WholeSession[]> {
  const long = sessions.filter(({ metadata }) => metadata === null).map(({ id }) => id);
  const read = new Map<string, string | null>();
  for (let start = 0; start < long.length; start += READ_AT_ONCE) {
    const ids = long.slice(start, start + READ_AT_ONCE);
    for (const [n, text] of (await reader.metadataOf(ids)).entries()) read.set(ids[n]!, text);
  }
  return sessions.map((session) => ({
    ...session,
    metadata: session.metadata ?? (JSON.parse(read.get(session.id) ?? '{}') as JsonObject),
  }));
}
