import { MESSAGE_ROLES } from '../../../model/message.ts';
import type { AppliedOperation, Effects, MessageLocation, SessionState } from '../session-state.ts';
import type { Sound } from './protocol.ts';

/** Files on their way from one thread to another: numbers and texts apart, which takes a quarter of the time of objects as JSON. */
export interface Packed {
  /** NaN stands for null. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** An array, as JSON. */
  readonly texts: string;
}

/** What `unpack` takes apart again. */
export function pack(sounds: readonly (Sound | null)[]): Packed {
  const numbers: number[] = [];
  const texts: (string | null)[] = [];
  for (const sound of sounds) {
    numbers.push(sound ? 1 : 0);
    if (!sound) continue;
    const { state, store, count, mtime, effects, terms } = sound;
    packState(state, numbers, texts);
    texts.push(store);
    numbers.push(count, mtime, terms.length, ...terms, effects.length);
    for (const one of effects) packEffects(one, numbers, texts);
  }
  return { numbers: new Float64Array(numbers), texts: JSON.stringify(texts) };
}

function packState(state: SessionState, numbers: number[], texts: (string | null)[]): void {
  const { parentId, userId, title, metadata, costUsd, forkedFrom } = state;
  texts.push(parentId, userId, title, metadata, costUsd, forkedFrom);
  numbers.push(
    state.sequence,
    state.arrival,
    state.createdAt,
    state.lastActiveAt,
    state.messageCount,
    state.historyLength,
    state.nextOrdinal,
    state.inputTokens,
    state.outputTokens,
    state.archivedAt ?? Number.NaN,
    state.version,
    state.lastSeq,
    state.size,
  );
}

function packEffects(effects: Effects, numbers: number[], texts: (string | null)[]): void {
  const { sequence, seq, truncatedTo, messages, operation } = effects;
  numbers.push(sequence, seq, truncatedTo ?? Number.NaN, messages.length, operation ? 1 : 0);
  for (const { ordinal, position, role, offset, length, bytes } of messages)
    numbers.push(ordinal, position, MESSAGE_ROLES.indexOf(role), offset, length, bytes);
  if (!operation) return;
  texts.push(operation.id, operation.fingerprint);
  numbers.push(
    operation.seq,
    operation.at,
    operation.ordinal ?? Number.NaN,
    operation.position ?? Number.NaN,
  );
}

/** Of the sessions `ids`, in this order. */
export function unpack(packed: Packed, ids: readonly string[]): (Sound | null)[] {
  const parts = new Parts(packed);
  return ids.map((id) => (parts.number() === 0 ? null : unpackSound(id, parts)));
}

/** Members are taken out in the order in which they were put in. */
function unpackSound(id: string, parts: Parts): Sound {
  const state: SessionState = {
    id,
    parentId: parts.textOrNull(),
    userId: parts.textOrNull(),
    title: parts.textOrNull(),
    metadata: parts.text(),
    costUsd: parts.textOrNull(),
    forkedFrom: parts.textOrNull(),
    sequence: parts.number(),
    arrival: parts.number(),
    createdAt: parts.number(),
    lastActiveAt: parts.number(),
    messageCount: parts.number(),
    historyLength: parts.number(),
    nextOrdinal: parts.number(),
    inputTokens: parts.number(),
    outputTokens: parts.number(),
    archivedAt: parts.numberOrNull(),
    version: parts.number(),
    lastSeq: parts.number(),
    size: parts.number(),
  };
  const sound = { state, store: parts.textOrNull(), count: parts.number(), mtime: parts.number() };
  const terms: number[] = [];
  for (let left = parts.number(); left > 0; left -= 1) terms.push(parts.number());
  const effects: Effects[] = [];
  for (let left = parts.number(); left > 0; left -= 1) effects.push(unpackEffects(id, parts));
  return { ...sound, terms, effects };
}

function unpackEffects(sessionId: string, parts: Parts): Effects {
  const sequence = parts.number();
  const seq = parts.number();
  const truncatedTo = parts.numberOrNull();
  const count = parts.number();
  const hasOperation = parts.number() === 1;
  const messages: MessageLocation[] = [];
  for (let left = count; left > 0; left -= 1) {
    messages.push({
      ordinal: parts.number(),
      position: parts.number(),
      role: MESSAGE_ROLES[parts.number()]!,
      offset: parts.number(),
      length: parts.number(),
      bytes: parts.number(),
    });
  }
  const operation: AppliedOperation | null = hasOperation
    ? {
        id: parts.text(),
        fingerprint: parts.text(),
        sessionId,
        seq: parts.number(),
        at: parts.number(),
        ordinal: parts.numberOrNull(),
        position: parts.numberOrNull(),
      }
    : null;
  return { sequence, seq, truncatedTo, messages, operation };
}

/** What is packed, one after the other. */
class Parts {
  readonly #numbers: Float64Array;
  readonly #texts: readonly (string | null)[];
  #number = 0;
  #text = 0;

  constructor({ numbers, texts }: Packed) {
    this.#numbers = numbers;
    this.#texts = JSON.parse(texts) as (string | null)[];
  }

  number(): number {
    const value = this.#numbers[this.#number]!;
    this.#number += 1;
    return value;
  }

  numberOrNull(): number | null {
    const value = this.number();
    return Number.isNaN(value) ? null : value;
  }

  textOrNull(): string | null {
    const value = this.#texts[this.#text]!;
    this.#text += 1;
    return value;
  }

  text(): string {
    return this.textOrNull()!;
  }
}
