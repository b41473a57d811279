import { compileLiteral } from '../../../../compile-literal.ts';
import { MESSAGE_ROLES } from '../../../../model/message.ts';
import { TOKEN_COUNTS } from '../../../../model/usage.ts';
import type { KeyedMessage, ToolResult } from '../../../records/named-messages.ts';
import type { Paid } from '../../../records/paid.ts';
import type {
  AppliedOperation,
  Effects,
  MessageLocation,
  SessionState,
} from '../../../records/session-state.ts';
import { partsOf, STATE_NUMBERS, STATE_TEXTS } from '../../index/session-row.ts';
import type { Sound } from './protocol.ts';

/**
 * Scanned files in the form in which threads exchange them: numbers and texts apart, which takes a quarter of
 * the time of objects as JSON.
 */
export interface Packed {
  /** NaN stands for null. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** An array, as JSON. */
  readonly texts: string;
}

/** Packs scanned files for `unpack`. */
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
  const parts = partsOf(state);
  for (const text of parts.texts) texts.push(text);
  for (const number of parts.numbers) numbers.push(number ?? Number.NaN);
}

function packEffects(effects: Effects, numbers: number[], texts: (string | null)[]): void {
  const { sequence, seq, truncatedTo, messages, isReplacing, operation } = effects;
  const { keys, toolResults, paid, isPaidAnew, takenOver, redacted } = effects;
  numbers.push(sequence, seq, truncatedTo ?? Number.NaN, messages.length, isReplacing ? 1 : 0);
  numbers.push(
    keys.length,
    toolResults.length,
    paid.length,
    isPaidAnew ? 1 : 0,
    takenOver.length,
    redacted ? redacted.ordinals.length : Number.NaN,
    operation ? 1 : 0,
  );
  numbers.push(...takenOver);
  if (redacted) numbers.push(redacted.at, ...redacted.ordinals);
  for (const { ordinal, position, role, createdAt, offset, length } of messages)
    numbers.push(ordinal, position, MESSAGE_ROLES.indexOf(role), createdAt, offset, length);
  for (const { ordinal, key } of keys) {
    numbers.push(ordinal);
    texts.push(key);
  }
  for (const { ordinal, toolCallId } of toolResults) {
    numbers.push(ordinal);
    texts.push(toolCallId);
  }
  for (const { day, model, responses, usage } of paid) {
    numbers.push(day, responses, ...TOKEN_COUNTS.map((count) => usage[count]), usage.pricedCount);
    texts.push(model, usage.costUsd);
  }
  if (!operation) return;
  texts.push(operation.id, operation.caller, operation.fingerprint, operation.answer);
  numbers.push(
    operation.seq,
    operation.at,
    operation.ordinal ?? Number.NaN,
    operation.position ?? Number.NaN,
  );
}

/** The scanned files of the sessions `ids`, in this order. */
export function unpack(packed: Packed, ids: readonly string[]): (Sound | null)[] {
  const parts = new Parts(packed);
  return ids.map((id) => (parts.number() === 0 ? null : unpackSound(id, parts)));
}

const unpackState: (id: string, parts: Parts) => SessionState =
  compileLiteral({
    parameters: ['id', 'parts'],
    members: [
      ['id', 'id'],
      ...STATE_TEXTS.map((member) => [member, 'parts.textOrNull()'] as const),
      ...STATE_NUMBERS.map((member) => [member, 'parts.numberOrNull()'] as const),
    ],
  }) ??
  ((id, parts) => {
    const texts = STATE_TEXTS.map((member) => [member, parts.textOrNull()]);
    const numbers = STATE_NUMBERS.map((member) => [member, parts.numberOrNull()]);
    return { id, ...Object.fromEntries([...texts, ...numbers]) } as SessionState;
  });

/** Members are read in the order in which `pack` wrote them. */
function unpackSound(id: string, parts: Parts): Sound {
  const state = unpackState(id, parts);
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
  const isReplacing = parts.number() === 1;
  const keyCount = parts.number();
  const resultCount = parts.number();
  const paidCount = parts.number();
  const isPaidAnew = parts.number() === 1;
  const takenCount = parts.number();
  const redactedCount = parts.numberOrNull();
  const hasOperation = parts.number() === 1;
  const takenOver: number[] = [];
  for (let left = takenCount; left > 0; left -= 1) takenOver.push(parts.number());
  const redacted = redactedCount === null ? null : unpackRedacted(parts, redactedCount);
  const messages: MessageLocation[] = [];
  for (let left = count; left > 0; left -= 1) {
    messages.push({
      ordinal: parts.number(),
      position: parts.number(),
      role: MESSAGE_ROLES[parts.number()]!,
      createdAt: parts.number(),
      offset: parts.number(),
      length: parts.number(),
    });
  }
  const keys: KeyedMessage[] = [];
  for (let left = keyCount; left > 0; left -= 1) keys.push({ ordinal: parts.number(), key: parts.text() });
  const toolResults: ToolResult[] = [];
  for (let left = resultCount; left > 0; left -= 1)
    toolResults.push({ ordinal: parts.number(), toolCallId: parts.text() });
  const paid: Paid[] = [];
  for (let left = paidCount; left > 0; left -= 1) paid.push(unpackPaid(parts));
  const operation: AppliedOperation | null = hasOperation
    ? {
        id: parts.text(),
        caller: parts.textOrNull(),
        fingerprint: parts.text(),
        answer: parts.textOrNull(),
        sessionId,
        seq: parts.number(),
        at: parts.number(),
        ordinal: parts.numberOrNull(),
        position: parts.numberOrNull(),
      }
    : null;
  return {
    sequence,
    seq,
    truncatedTo,
    messages,
    isReplacing,
    keys,
    toolResults,
    paid,
    isPaidAnew,
    takenOver,
    redacted,
    operation,
  };
}

function unpackRedacted(parts: Parts, count: number): Effects['redacted'] {
  const at = parts.number();
  const ordinals: number[] = [];
  for (let left = count; left > 0; left -= 1) ordinals.push(parts.number());
  return { at, ordinals };
}

function unpackPaid(parts: Parts): Paid {
  return {
    day: parts.number(),
    responses: parts.number(),
    model: parts.textOrNull(),
    usage: {
      inputTokens: parts.number(),
      outputTokens: parts.number(),
      cacheReadTokens: parts.number(),
      cacheWriteTokens: parts.number(),
      reasoningTokens: parts.number(),
      pricedCount: parts.number(),
      costUsd: parts.textOrNull(),
    },
  };
}

/** Reads packed values one after the other. */
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
