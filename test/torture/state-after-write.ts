import { isDeepStrictEqual } from 'node:util';
import { canonicalJson, mergePatch, withMembers } from '../../src/model/json.ts';
import type { NewMessage } from '../../src/model/message.ts';
import type { WriteHistory } from '../../src/repository/mutations.ts';
import { paidIn, plusPaid } from './paid.ts';
import type { State } from './state.ts';

/** `state` after a `writeHistory`; null if the store would have refused the write. */
export function stateAfterWrite(state: State, input: WriteHistory): State | null {
  const isNew = state.version === 0;
  const { key = null, create } = input;
  const before = isNew
    ? { ...state, key, title: create?.title ?? null, metadata: create?.metadata ?? {} }
    : state;
  const keep = keepOf(before.history, input);
  if (keep === null) return null;
  const written = messagesAfter(before, keep, input);
  if (written === null) return null;
  const after = { ...before, ...written, ...describedAfter(before, input) };
  const isChanged =
    isNew ||
    keep < before.history.length ||
    after.written.length > before.written.length ||
    described(after) !== described(before);
  return isChanged ? { ...after, version: before.version + 1 } : before;
}

/** How many messages stay; null if there is no such end. */
export function keepOf(
  history: readonly Pick<NewMessage, 'key'>[],
  { keep, keepThroughKey, dropLast }: Pick<WriteHistory, 'keep' | 'keepThroughKey' | 'dropLast'>,
): number | null {
  if (keep != null) return keep <= history.length ? keep : null;
  if (keepThroughKey == null) return Math.max(0, history.length - (dropLast ?? 0));
  const last = history.findIndex(({ key }) => key === keepThroughKey);
  return last === -1 ? null : last + 1;
}

function messagesAfter(
  state: State,
  keep: number,
  { messages, onKey }: WriteHistory,
): Pick<State, 'history' | 'written' | 'paid'> | null {
  const history = state.history.slice(0, keep);
  const dropped = state.history.slice(keep);
  const written = [...state.written];
  let { paid } = state;
  const withKey = (all: readonly NewMessage[], { key }: NewMessage) =>
    key == null ? -1 : all.findIndex((each) => each.key === key);
  for (const message of messages ?? []) {
    const there = withKey(history, message);
    if (there !== -1 && (onKey ?? 'ERROR') === 'ERROR') return null;
    if (there !== -1 && (onKey === 'IGNORE' || isDeepStrictEqual(history[there], message))) continue;
    // One that is dropped by the same write comes back, and takes over its usage.
    const earlier = there === -1 ? dropped[withKey(dropped, message)] : history[there];
    if (there === -1) history.push(message);
    else history[there] = message;
    written.push(message);
    paid = plusPaid(plusPaid(paid, paidIn(message.usage)), paidIn(earlier?.usage), -1);
  }
  return { history, written, paid };
}

function describedAfter(
  state: State,
  { title, status, statusMessage, metadata, setMetadata }: WriteHistory,
): Pick<State, 'title' | 'status' | 'statusMessage' | 'metadata'> {
  const kept = status == null ? state.statusMessage : null;
  return {
    title: title === undefined ? state.title : title,
    status: status ?? state.status,
    statusMessage: statusMessage === undefined ? kept : statusMessage,
    metadata: withMembers(mergePatch(state.metadata, metadata ?? {}), setMetadata ?? {}),
  };
}

function described({ title, status, statusMessage, metadata }: State): string {
  return canonicalJson({ title, status, statusMessage, metadata });
}
