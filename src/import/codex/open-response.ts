import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { NewTokenUsage, NewToolCall } from '../../model/message.ts';
import type { SourceMessage } from '../format.ts';
import { orNull } from '../source-json.ts';
import type { ResponsePart } from './items.ts';
import { keyOfLine, type RolloutLine } from './rollout-line.ts';
import type { RolloutState } from './rollout-state.ts';

/** More than a response and the outputs of its calls have: then what it cost is not waited for. */
export const OPEN_BYTES_MAX = 16 * 1024 * 1024;

/**
 * A response of the model, which is spread over several lines, until what it cost is known. Before 0.171, the outputs of its calls can come
 * before that: they follow it.
 */
export class OpenResponse {
  readonly isCopy: boolean;
  readonly followers: SourceMessage[] = [];
  usage: NewTokenUsage | null = null;
  responseId: string | null = null;
  /** What the line with the usage says besides. */
  paidRest: JsonObject = {};
  bytes = 0;
  readonly #first: RolloutLine;
  readonly #path: string;
  readonly #state: RolloutState;
  readonly #texts: string[] = [];
  readonly #reasoning: string[] = [];
  readonly #calls: NewToolCall[] = [];
  readonly #rest: JsonObject[] = [];

  constructor(first: RolloutLine, path: string, state: RolloutState, isCopy: boolean) {
    this.#first = first;
    this.#path = path;
    this.#state = state;
    this.isCopy = isCopy;
  }

  add(line: RolloutLine, { text, reasoning, call, rest }: ResponsePart): void {
    if (text) this.#texts.push(text);
    if (reasoning) this.#reasoning.push(reasoning);
    if (call) this.#calls.push(call);
    this.#rest.push(withPlace(rest, line, this.#rest.length > 0));
    this.bytes += line.bytes;
  }

  follow(message: SourceMessage): void {
    this.followers.push(message);
    this.bytes += message.bytes ?? 0;
  }

  message(): SourceMessage {
    const { model, effort, turnId } = this.#state;
    const metadata: JsonObject = {};
    if (turnId) metadata.turn_id = turnId;
    if (effort) metadata.effort = effort;
    if (this.responseId) metadata.response_id = this.responseId;
    return {
      type: 'message',
      message: {
        key: keyOfLine(this.#first),
        role: 'ASSISTANT',
        content: this.#texts.join('\n'),
        reasoning: this.#reasoning.join('\n') || null,
        toolCalls: this.#calls,
        model,
        usage: this.usage,
        isCopy: this.isCopy,
        payload: { items: this.#rest, ...this.paidRest },
        metadata: orNull(metadata),
        createdAt: this.#first.timestamp,
      },
      where: { path: this.#path, line: this.#first.number },
      bytes: this.bytes,
    };
  }
}

/** What an item has that no field holds, with what its line says of it. `isJoined`: the line joins a message that has the time of another. */
export function withPlace(
  said: JsonObject,
  { ordinal, metadata, rest, timestamp }: RolloutLine,
  isJoined = false,
): JsonObject {
  const placed: Record<string, JsonValue> = { ...said };
  if (ordinal !== null) placed.ordinal = ordinal;
  if (metadata) placed.metadata = metadata;
  if (rest) placed.line = rest;
  if (isJoined && timestamp) placed.timestamp = timestamp.toISOString();
  return placed;
}
