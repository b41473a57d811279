import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { DEFAULT_LIMITS, type Limits } from '../model/limits.ts';
import type { NewMessage, NewTokenUsage, NewToolCall } from '../model/message.ts';
import { bound, isStorable, jsonFault, metadataFault } from '../model/stored-values.ts';
import { TOKEN_COUNTS } from '../model/usage.ts';

/** What is left out of a message, or changed in it, so that the store takes it: called with a kind for the report. */
export type OnLoss = (kind: string) => void;

/** Makes what other programs wrote fit the rules of `inputRules`: what is too long is cut, what cannot be stored is replaced or left out. */
export class Fitter {
  readonly #limits: Limits;
  readonly #withPayload: boolean;

  constructor(limits: Limits, { withPayload }: { readonly withPayload: boolean }) {
    this.#limits = limits;
    this.#withPayload = withPayload;
  }

  message<Fitted extends NewMessage>(message: Fitted, onLoss: OnLoss): Fitted {
    const { reasoning, toolCalls, payload, usage, metadata } = message;
    return {
      ...message,
      key: message.key == null ? null : this.key(message.key),
      content: this.#content(message.content, onLoss),
      kind: this.name(message.kind, onLoss),
      reasoning: reasoning == null ? null : this.#content(reasoning, onLoss),
      toolCalls: toolCalls?.length ? this.#toolCalls(toolCalls, onLoss) : null,
      name: this.name(message.name, onLoss),
      toolCallId: this.name(message.toolCallId, onLoss),
      model: this.name(message.model, onLoss),
      payload: payload == null || !this.#withPayload ? null : this.#json(payload, 'payload', onLoss),
      usage: usage == null ? null : fittedUsage(usage, onLoss),
      metadata: metadata == null ? null : this.metadata(metadata, onLoss),
    };
  }

  /** The key of a message. Different keys stay different, however long they are. */
  key(key: string): string {
    const { nameLength } = this.#limits;
    if (key !== '' && key.length <= nameLength && isStorable(key)) return key;
    const hash = createHash('sha256').update(key, 'utf16le').digest('hex').slice(0, 32);
    return `${cut(storable(key), Math.max(0, nameLength - hash.length - 1))}:${hash}`;
  }

  /** Names of tools, models and agents, ids of calls, and kinds. */
  name(text: string | null | undefined, onLoss: OnLoss): string | null {
    return text == null || text === '' ? null : fittedText(text, this.#limits.nameLength, 'name', onLoss);
  }

  title(text: string | null, onLoss: OnLoss): string | null {
    return text === null ? null : fittedText(text, this.#limits.titleLength, 'title', onLoss);
  }

  project(text: string | null, onLoss: OnLoss): string | null {
    return text === null ? null : fittedText(text, this.#limits.projectLength, 'project', onLoss);
  }

  statusMessage(text: string | null, onLoss: OnLoss): string | null {
    return text === null
      ? null
      : fittedText(text, this.#limits.statusMessageLength, 'status message', onLoss);
  }

  /** Without the members that cannot be stored. `reserved`: bytes that other members need. */
  metadata(metadata: JsonObject, onLoss: OnLoss, reserved = 0): JsonObject {
    const { metadataBytes, metadataDepth } = this.#limits;
    const limits = { metadataDepth, metadataBytes: Math.max(0, metadataBytes - reserved) };
    if (!metadataFault(metadata, limits)) return metadata;
    const members = Object.entries(metadata).filter(([name, value]) => {
      const isFine = !metadataFault({ [name]: value }, limits);
      if (!isFine) onLoss('metadata too large or not storable');
      return isFine;
    });
    // Those that fit each can be too large together: the largest are left out.
    const sized = members.map((member) => ({ member, bytes: memberBytes(member) }));
    const kept = new Set<string>();
    // The first has no comma.
    let bytes = BRACES_BYTES - 1;
    for (const { member, bytes: more } of sized.sort((one, other) => one.bytes - other.bytes)) {
      bytes += more;
      if (bytes <= limits.metadataBytes) kept.add(member[0]);
      else onLoss('metadata too large or not storable');
    }
    return Object.fromEntries(members.filter(([name]) => kept.has(name)));
  }

  /** True if `metadata` can be stored as it is, and has at most so many bytes. */
  isFine(metadata: JsonObject, bytes: number): boolean {
    return !metadataFault(metadata, { ...this.#limits, metadataBytes: bytes });
  }

  #content(text: string, onLoss: OnLoss): string {
    const fine = replaced(text, onLoss);
    const max = this.#limits.contentBytes;
    // No text has more bytes than three times its length.
    if (fine.length * 3 <= max || Buffer.byteLength(fine) <= max) return fine;
    onLoss('end of a text that is too long');
    return cutBytes(fine, max);
  }

  #toolCalls(calls: readonly NewToolCall[], onLoss: OnLoss): NewToolCall[] {
    if (calls.length > this.#limits.toolCalls) onLoss('tool call beyond the limit toolCalls');
    return calls.slice(0, this.#limits.toolCalls).map((call) => ({
      toolCallId: this.name(call.toolCallId, onLoss) ?? '-',
      name: this.name(call.name, onLoss) ?? '-',
      arguments: call.arguments === undefined ? null : this.#json(call.arguments, 'arguments', onLoss),
    }));
  }

  #json(value: JsonValue, what: string, onLoss: OnLoss): JsonValue {
    const { payloadBytes, payloadDepth } = this.#limits;
    const limits = { payloadBytes, payloadDepth };
    if (!jsonFault(value, bound(limits, 'payloadBytes'), bound(limits, 'payloadDepth'), false)) return value;
    onLoss(`${what} too large or not storable`);
    return null;
  }
}

/**
 * The title that a prompt gives a session that has no other; null for a blank one. At most `length` UTF-16 code units. The message has the whole
 * prompt: what is cut or replaced here is no loss to report.
 */
export function promptTitle(prompt: string, length = DEFAULT_LIMITS.titleLength): string | null {
  return storable(cut(prompt.trim(), length)).trimEnd() || null;
}

const BRACES_BYTES = 2;

/** The bytes of a member as JSON, with a comma. */
function memberBytes([name, value]: [string, JsonValue]): number {
  return Buffer.byteLength(JSON.stringify({ [name]: value })) - BRACES_BYTES + 1;
}

function fittedUsage(usage: NewTokenUsage, onLoss: OnLoss): NewTokenUsage {
  const fitted: { -readonly [Member in keyof NewTokenUsage]: NewTokenUsage[Member] } = { ...usage };
  for (const name of TOKEN_COUNTS) {
    const count = usage[name];
    if (count == null || (Number.isSafeInteger(count) && count >= 0)) continue;
    onLoss('count of tokens out of range');
    fitted[name] = count > 0 ? Math.min(Math.trunc(count), Number.MAX_SAFE_INTEGER) : 0;
  }
  const { costUsd } = usage;
  if (costUsd != null && !(Number.isFinite(costUsd) && costUsd >= 0)) {
    onLoss('cost out of range');
    fitted.costUsd = null;
  }
  return fitted;
}

/** At most `length` UTF-16 code units of `text`. `what`: for the report. */
function fittedText(text: string, length: number, what: string, onLoss: OnLoss): string {
  const fine = replaced(text, onLoss);
  if (fine.length > length) onLoss(`end of a ${what} that is too long`);
  return cut(fine, length);
}

function replaced(text: string, onLoss: OnLoss): string {
  const fine = storable(text);
  if (fine !== text) onLoss('character that cannot be stored (replaced)');
  return fine;
}

function storable(text: string): string {
  return isStorable(text) ? text : text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** At most `length` UTF-16 code units, without half a character at the end. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : storableEnd(text.slice(0, length));
}

function cutBytes(text: string, bytes: number): string {
  let end = bytes;
  const encoded = Buffer.from(text);
  // A byte 10xxxxxx goes on with a character.
  while ((encoded[end]! & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}

function storableEnd(text: string): string {
  return text.isWellFormed() ? text : text.slice(0, -1);
}
