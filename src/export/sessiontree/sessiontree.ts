import type { Session } from '../../model/session.ts';
import type { ExportFormat, ExportSource } from '../format.ts';
import { messagesOf } from '../messages.ts';
import { subtree } from '../subtree.ts';
import { messageMembers, sessionMembers } from './members.ts';

/** One JSON line per session, in pre-order. */
export const sessiontree: ExportFormat = {
  name: 'sessiontree',
  async *write(source) {
    for await (const top of source.tops)
      for await (const session of subtree(source.reader, top)) yield* exportLine(source, session);
  },
};

async function* exportLine(source: ExportSource, session: Session): AsyncGenerator<string> {
  yield `${JSON.stringify(sessionMembers(session)).slice(0, -1)},"history":[`;
  let separator = '';
  for await (const messages of messagesOf(source, session)) {
    yield separator + messages.map((message) => JSON.stringify(messageMembers(message))).join(',');
    separator = ',';
  }
  yield ']}\n';
}
