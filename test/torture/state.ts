import { canonicalJson, type JsonObject, mergePatch } from '../../src/model/json.ts';
import type { Message, NewMessage } from '../../src/model/message.ts';
import type { Session } from '../../src/model/session.ts';
import type { Mutation } from './mutation.ts';

/** A session's state, as its mutations determine it. */
export interface State {
  readonly version: number;
  readonly title: string | null;
  readonly metadata: JsonObject;
  readonly history: readonly NewMessage[];
}

/** A session as it was read. */
export interface Read {
  readonly session: Session;
  readonly history: readonly Message[];
}

/** The state before the session is created. */
export const NOTHING: State = { version: 0, title: null, metadata: {}, history: [] };

/** `state` after `mutations`, which must be this session's own. */
export function stateAfter(state: State, mutations: readonly Mutation[]): State {
  const history = [...state.history];
  let { version, title, metadata } = state;
  for (const { kind, input } of mutations) {
    version += 1;
    if (kind === 'delete') throw new Error('A deletion makes no state.');
    if (kind !== 'update') history.push(...(input.messages ?? []));
    if (kind === 'append') continue;
    if (input.title !== undefined) title = input.title;
    if (kind === 'create') metadata = input.metadata ?? {};
    else metadata = mergePatch(metadata, input.metadata ?? {});
  }
  return { version, title, metadata, history };
}

/** How a read session differs from `state`; null if it does not. */
export function differenceOf(state: State, { session, history }: Read): string | null {
  const differs = (what: string, expected: unknown, read: unknown) =>
    `session "${session.id}": its ${what} should be ${shown(expected)}, and is ${shown(read)}`;
  const userMessages = state.history.filter(({ role }) => role === 'USER').length;
  if (session.damage.length > 0) return differs('damage', [], session.damage);
  if (session.version !== state.version) return differs('version', state.version, session.version);
  if (session.title !== state.title) return differs('title', state.title, session.title);
  if (canonicalJson(session.metadata) !== canonicalJson(state.metadata))
    return differs('metadata', state.metadata, session.metadata);
  if (session.historyLength !== state.history.length)
    return differs('historyLength', state.history.length, session.historyLength);
  if (session.messageCount !== userMessages)
    return differs('messageCount', userMessages, session.messageCount);
  if (history.length !== state.history.length)
    return differs('number of messages', state.history.length, history.length);
  for (const [position, message] of state.history.entries()) {
    const read = history[position]!;
    if (read.position !== position || read.role !== message.role || read.content !== message.content)
      return differs(`message ${position}`, message, read);
  }
  return null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
