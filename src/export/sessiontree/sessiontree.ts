import type { Session } from '../../model/session.ts';
import type { CopyDetails } from '../../repository/reads.ts';
import type { SessionReader } from '../../repository/repository.ts';
import { type WholeSession, wholeSessions } from '../../repository/whole-sessions.ts';
import type { ExportFormat, ExportSource } from '../format.ts';
import { messagesOf } from '../messages.ts';
import { subtree } from '../subtree.ts';
import { messageMembers, sessionMembers } from './members.ts';

/** One JSON line per session, in pre-order: all that `sessiontree import sessiontree` needs to restore it. */
export const sessiontree: ExportFormat = {
  name: 'sessiontree',
  canRedact: false,
  async *write(source) {
    for await (const top of source.tops)
      for await (const session of subtree(source.reader, top)) yield* exportLine(source, session);
  },
};

async function* exportLine(source: ExportSource, found: Session): AsyncGenerator<string> {
  const { session, details } = await withDetails(source.reader, found);
  yield `${JSON.stringify(sessionMembers(session, details)).slice(0, -1)},"history":[`;
  let separator = '';
  for await (const messages of messagesOf(source, session, details?.nextOrdinal)) {
    yield separator + messages.map((message) => JSON.stringify(messageMembers(message))).join(',');
    separator = ',';
  }
  yield ']}\n';
}

/** A session and its details as of one time, though a server may be writing the session. */
async function withDetails(
  reader: SessionReader,
  found: Session,
): Promise<{ readonly session: WholeSession; readonly details: CopyDetails | null }> {
  for (let session = found; ; ) {
    const [details] = await reader.copyDetailsOf([session.id]);
    const [whole] = await wholeSessions(reader, [session]);
    const [now] = await reader.findMany([session.id]);
    // Null: it was deleted meanwhile.
    if (!now || now.version === session.version) return { session: whole!, details: details! };
    session = now;
  }
}
