import { canonicalJson, type JsonObject, mergePatch } from '../../src/model/json.ts';
import type { Message, NewMessage } from '../../src/model/message.ts';
import type { Session, SessionStatus } from '../../src/model/session.ts';
import type { Mutation } from './mutation.ts';
import { NOTHING_PAID, type Paid, paidIn } from './paid.ts';
import { stateAfterWrite } from './state-after-write.ts';

/** A session's state, as its mutations determine it. */
export interface State {
  readonly version: number;
  readonly key: string | null;
  readonly title: string | null;
  readonly status: SessionStatus;
  readonly statusMessage: string | null;
  readonly metadata: JsonObject;
  readonly history: readonly NewMessage[];
  /** All forms of all messages that were ever written, in their order in the file. */
  readonly written: readonly NewMessage[];
  readonly paid: Paid;
}

/** A session as it was read. */
export interface Read {
  readonly session: Session;
  readonly history: readonly Message[];
}

/** The state before the session is created. */
export const NOTHING: State = {
  version: 0,
  key: null,
  title: null,
  status: 'IDLE',
  statusMessage: null,
  metadata: {},
  history: [],
  written: [],
  paid: NOTHING_PAID,
};

/** `state` after `mutations`, which must be this session's own; null if one of them would have been refused. */
export function stateAfter(state: State, mutations: readonly Mutation[]): State | null {
  let after: State | null = state;
  for (const mutation of mutations) after = after && stateAfterOne(after, mutation);
  return after;
}

function stateAfterOne(state: State, { kind, input }: Mutation): State | null {
  if (kind === 'delete') throw new Error('A deletion makes no state.');
  if (kind === 'writeHistory') return stateAfterWrite(state, input);
  const version = state.version + 1;
  if (kind === 'update')
    return {
      ...state,
      version,
      title: input.title === undefined ? state.title : input.title,
      metadata: mergePatch(state.metadata, input.metadata ?? {}),
    };
  if (kind === 'append') return stateAfterWrite(state, input);
  const { messages = null } = input;
  return {
    ...stateAfterWrite(state, { messages })!,
    version,
    key: input.key ?? null,
    title: input.title ?? null,
    metadata: input.metadata ?? {},
  };
}

/** How a read session differs from `state`; null if it does not. */
export function differenceOf(state: State, { session, history }: Read): string | null {
  const differs = (what: string, expected: unknown, read: unknown) =>
    `session "${session.id}": its ${what} should be ${shown(expected)}, and is ${shown(read)}`;
  const { version, key, title, status, statusMessage, metadata, paid } = state;
  const expected = {
    damage: [],
    version,
    key,
    title,
    status,
    statusMessage,
    metadata,
    historyLength: state.history.length,
    messageCount: state.history.filter(({ role }) => role === 'USER').length,
  };
  for (const [name, value] of Object.entries(expected)) {
    const read = session[name as keyof typeof expected];
    if (canonicalJson(read) !== canonicalJson(value)) return differs(name, value, read);
  }
  const read = paidIn(session.usage);
  if (canonicalJson(read) !== canonicalJson(paid)) return differs('usage', paid, read);
  if (history.length !== state.history.length)
    return differs('number of messages', state.history.length, history.length);
  for (const [position, message] of state.history.entries()) {
    const found = history[position]!;
    if (!isSameMessage(message, found) || found.position !== position)
      return differs(`message ${position}`, message, found);
  }
  return null;
}

function isSameMessage(expected: NewMessage, read: Message): boolean {
  return (
    read.role === expected.role &&
    read.content === expected.content &&
    read.key === (expected.key ?? null) &&
    canonicalJson(paidIn(read.usage)) === canonicalJson(paidIn(expected.usage))
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
