import type { WriteHistoryInput } from '@sessiontree/client';
import type { UIMessage } from 'ai';
import type { ChatState, KnownMessage, MessageFingerprint } from './chat-state.ts';

/** A message that is to be saved. */
export interface SavedMessage extends MessageFingerprint {
  readonly message: UIMessage;
}

/** How a chat becomes what is to be saved. */
export interface SavePlan {
  /** The stored messages that stay, in their order. */
  readonly kept: readonly KnownMessage[];
  /** The new form of some of them. */
  readonly changed: readonly SavedMessage[];
  readonly added: readonly SavedMessage[];
  /** What drops the end of the history; empty if nothing is dropped. */
  readonly drop: Pick<WriteHistoryInput, 'keep' | 'expectedVersion'>;
}

/**
 * The plan of a save that knows of no other writer. Stored messages that the save does not have stay, unless another answer stands in the place
 * of a stored one: the answer was regenerated, or a question before it was edited. So two windows that say something at once lose nothing, nor
 * does a save that comes too late.
 */
export function planMerge(state: ChatState, messages: readonly SavedMessage[]): SavePlan {
  const places = new Map(state.messages.map(({ id }, place) => [id, place]));
  const placeOf = (message: SavedMessage, at: number) => {
    const place = message.id === '' ? at : (places.get(message.id) ?? -1);
    return isSame(state.messages[place], message) ? place : -1;
  };
  const placeAfter = (at: number) => (at < 0 ? 0 : placeOf(messages[at]!, at) + 1);
  // An answer that was stored without an id, and has got one from the client since.
  const named = messages.findIndex(
    (message, at) => placeOf(message, at) < 0 && state.messages[placeAfter(at - 1)]?.id === '',
  );
  const last = messages.findLastIndex(
    (message, at) => placeOf(message, at) >= 0 && (named < 0 || at < named),
  );
  const after = placeAfter(last);
  const isAnotherAnswer =
    messages[last + 1]?.role === 'assistant' && state.messages[after]?.role === 'assistant';
  return planOf(state, messages, isAnotherAnswer ? after : state.messages.length);
}

/** The plan of a save after which the chat has these messages and no others: for a writer that knows what it overwrites. */
export function planOverwrite(state: ChatState, messages: readonly SavedMessage[]): SavePlan {
  const different = state.messages.findIndex((known, at) => !isSame(known, messages[at]));
  return planOf(state, messages, different < 0 ? state.messages.length : different);
}

/** Whether one is a form of the other. A message without an id cannot get another form: nothing names it. */
function isSame(known: KnownMessage | undefined, message: SavedMessage | undefined): boolean {
  if (!known || !message || known.id !== message.id || known.role !== message.role) return false;
  return known.id !== '' || known.fingerprint === message.fingerprint;
}

/** The plan that keeps the first `keptCount` of the stored messages. */
function planOf(state: ChatState, messages: readonly SavedMessage[], keptCount: number): SavePlan {
  const kept = state.messages.slice(0, keptCount);
  const fingerprints = new Map(kept.map(({ id, fingerprint }, at) => [id || at, fingerprint]));
  const fingerprintOf = (message: SavedMessage, at: number) => fingerprints.get(message.id || at);
  const dropped = state.messages[keptCount];
  return {
    kept,
    changed: messages.filter(
      (message, at) => ![undefined, message.fingerprint].includes(fingerprintOf(message, at)),
    ),
    added: messages.filter((message, at) => fingerprintOf(message, at) === undefined),
    drop: dropped ? { keep: dropped.position, expectedVersion: state.version } : {},
  };
}
