import type { FixtureSession } from '../peer.ts';
import type { OpencodeEvent, OpencodeSession } from './api.ts';

const MODEL = { providerID: 'none', modelID: 'none' };
const NO_TOKENS = { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };

let made = 0;

/** Ascending ids in opencode's form. */
export function newId(prefix: 'ses' | 'msg' | 'prt' | 'evt'): string {
  made += 1;
  return `${prefix}_${String(made).padStart(26, '0')}`;
}

/** The event that creates a session like the given one, with another id, parent and title. */
export function creationOf(session: OpencodeSession & { readonly title: string }): OpencodeEvent {
  return eventOf(session.id, 0, 'session.created.1', { info: session });
}

/** The events that write the messages of a session after its creation, each with one text part. */
export function messagesOf(session: OpencodeSession, messages: FixtureSession['messages']): OpencodeEvent[] {
  let parent = '';
  return messages.flatMap(({ role, text }, n) => {
    const id = newId('msg');
    const created = session.time.created + n;
    const common = { id, sessionID: session.id, role, agent: 'build' };
    const user = { ...common, time: { created }, model: MODEL };
    const assistant = {
      ...common,
      ...MODEL,
      parentID: parent,
      time: { created, completed: created },
      mode: 'build',
      path: { cwd: session.directory, root: session.directory },
      cost: 0,
      tokens: NO_TOKENS,
      finish: 'stop',
    };
    if (role === 'user') parent = id;
    const part = { id: newId('prt'), sessionID: session.id, messageID: id, type: 'text', text };
    return [
      eventOf(session.id, 2 * n + 1, 'message.updated.1', { info: role === 'user' ? user : assistant }),
      eventOf(session.id, 2 * n + 2, 'message.part.updated.1', { part, time: created }),
    ];
  });
}

function eventOf(sessionID: string, seq: number, type: string, data: object): OpencodeEvent {
  return { id: newId('evt'), aggregateID: sessionID, seq, type, data: { sessionID, ...data } };
}
