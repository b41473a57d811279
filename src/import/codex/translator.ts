import type { JsonObject } from '../../model/json.ts';
import type { NewMessage, NewTokenUsage } from '../../model/message.ts';
import { promptTitle } from '../fit.ts';
import type { SourceItem, SourceMessage } from '../format.ts';
import { objectIn, textIn, without } from '../source-json.ts';
import { FAILURES, isCallId, KINDS, REPEATED_ITEMS, REPEATS } from './events.ts';
import { isFailed, isTyped, outputOf, responsePart, textOfParts } from './items.ts';
import { OpenResponse, withPlace } from './open-response.ts';
import { keyOfLine, type RolloutLine } from './rollout-line.ts';
import { type RolloutState, TURNS_KEPT, withCall, withoutCall } from './rollout-state.ts';
import { usageBetween, usageOf } from './usage.ts';

/** More than a response and the outputs of its calls have: then what it cost is not waited for. */
const OPEN_BYTES_MAX = 16 * 1024 * 1024;
/** Calls whose output has not come, though the program said how they ended. */
const DETAILS_MAX = 64;

/** Makes messages of the lines of a rollout, in their order. */
export class RolloutTranslator {
  state: RolloutState;
  readonly #path: string;
  #open: OpenResponse | null = null;
  /** How calls ended, by the id of the call: goes to the payload of the output, which comes later. */
  readonly #details = new Map<string, { readonly line: RolloutLine; readonly item: JsonObject }>();

  constructor(path: string, state: RolloutState) {
    this.#path = path;
    this.state = state;
  }

  /** True if a message waits for later lines. */
  get isOpen(): boolean {
    return this.#open !== null || this.#details.size > 0;
  }

  /** `isCopy`: the line was copied from another thread, which paid for it. */
  *take(line: RolloutLine, isCopy = false): Generator<SourceItem> {
    if (this.#open && (this.#open.isCopy !== isCopy || this.#open.bytes > OPEN_BYTES_MAX))
      yield* this.#close();
    switch (line.type) {
      case 'response_item':
        return yield* this.#item(line, isCopy);
      case 'event_msg':
        return yield* this.#event(line, isCopy);
      case 'token_usage_record': {
        this.state = { ...this.state, hasRecords: true };
        const usage = usageOf(objectIn(line.payload.usage) ?? {});
        return yield* this.#paid(line, usage, textIn(line.payload.response_id), isCopy);
      }
      case 'turn_context':
        yield* this.flush(isCopy);
        return this.#turnContext(line.payload);
      case 'compacted': {
        yield* this.flush(isCopy);
        const content = textIn(line.payload.message) ?? '';
        return yield this.#message(line, { role: 'EVENT', kind: 'compaction', content, isCopy }, ['message']);
      }
      default:
        yield { type: 'dropped', kind: line.type };
    }
  }

  /** What the first line says that the model was told. */
  *instructions(line: RolloutLine, content: string, isCopy: boolean): Generator<SourceItem> {
    const message = {
      key: 'instructions',
      role: 'SYSTEM' as const,
      content,
      isCopy,
      createdAt: line.timestamp,
    };
    this.state = { ...this.state, lastKey: message.key };
    yield { type: 'message', message, where: { path: this.#path, line: line.number }, bytes: line.bytes };
  }

  /** At the end of the file: what waits for its price. How calls ended goes with their outputs, which the file may get later. */
  *end(): Generator<SourceItem> {
    yield* this.#close();
    for (const { item } of this.#details.values())
      yield { type: 'dropped', kind: `${item.type} without output` };
  }

  /** What waits, as it is. */
  *flush(isCopy = false): Generator<SourceItem> {
    yield* this.#close();
    for (const { line, item } of this.#details.values()) yield this.#eventOf(line, item, isCopy);
    this.#details.clear();
  }

  *#item(line: RolloutLine, isCopy: boolean): Generator<SourceItem> {
    const { payload } = line;
    const type = textIn(payload.type) ?? 'response_item';
    const part = responsePart(payload, keyOfLine(line));
    if (part) {
      // Outputs came after its last part: this is the beginning of the next.
      if (this.#open?.followers.length) yield* this.#close();
      this.#open ??= new OpenResponse(line, this.#path, this.state, isCopy);
      this.#open.add(line, part);
      const { call } = part;
      if (call) this.state = withCall(this.state, call.toolCallId, call.name);
    } else if (type.endsWith('_output')) {
      yield* this.#append(this.#output(line, isCopy));
    } else if (type === 'message') {
      yield* this.#close();
      yield this.#said(line, isCopy);
    } else if (type === 'agent_message') {
      yield* this.#close();
      const { text } = textOfParts(payload.content);
      const name = textIn(payload.author);
      yield this.#message(line, { role: 'SYSTEM', content: text, name, isCopy }, ['author']);
    } else if (type === 'ghost_snapshot') {
      yield { type: 'dropped', kind: 'response_item/ghost_snapshot' };
    } else {
      yield* this.#append(this.#eventOf(line, payload, isCopy));
    }
  }

  /** A message that is not of the model. */
  #said(line: RolloutLine, isCopy: boolean): SourceMessage {
    const { payload } = line;
    const { text, isOnlyText } = textOfParts(payload.content);
    const isPrompt = payload.role === 'user' && isTyped(payload);
    if (isPrompt) {
      const { beforeTurns, lastKey, firstPrompt } = this.state;
      this.state = {
        ...this.state,
        beforeTurns: [...beforeTurns.slice(1 - TURNS_KEPT), lastKey],
        firstPrompt: firstPrompt ?? promptTitle(text),
      };
    }
    const consumed = isOnlyText ? ['content', 'type'] : ['type'];
    return this.#message(line, { role: isPrompt ? 'USER' : 'SYSTEM', content: text, isCopy }, consumed);
  }

  #output(line: RolloutLine, isCopy: boolean): SourceMessage {
    const { payload } = line;
    const toolCallId = textIn(payload.call_id);
    const detail = toolCallId === null ? undefined : this.#details.get(toolCallId);
    if (toolCallId !== null) this.#details.delete(toolCallId);
    const { text, isOnlyText } = outputOf(payload);
    const isError = isFailed(payload, detail?.item ?? null);
    const { calls } = this.state;
    const name = toolCallId !== null && Object.hasOwn(calls, toolCallId) ? calls[toolCallId]! : null;
    if (name !== null) this.state = withoutCall(this.state, toolCallId!);
    const message = { role: 'TOOL' as const, content: text, toolCallId, name, isError, isCopy };
    const consumed = isOnlyText ? ['call_id', 'output', 'result', 'tools'] : ['call_id'];
    return this.#message(line, message, consumed, detail && { item: detail.item });
  }

  *#event(line: RolloutLine, isCopy: boolean): Generator<SourceItem> {
    const { payload } = line;
    const type = textIn(payload.type) ?? 'event_msg';
    if (type === 'token_count') {
      yield* this.#tokenCount(line, isCopy);
    } else if (type === 'item_completed') {
      const item = objectIn(payload.item) ?? {};
      const kind = textIn(item.type) ?? type;
      if (REPEATED_ITEMS.has(kind)) yield { type: 'dropped', kind: `event_msg/item_completed/${kind}` };
      else yield* this.#detail(line, textIn(item.id), item, isCopy);
    } else if (type.endsWith('_end') && textIn(payload.call_id)) {
      yield* this.#detail(line, textIn(payload.call_id), payload, isCopy);
    } else if (REPEATS.has(type) || type.endsWith('_begin') || type.endsWith('_delta')) {
      yield { type: 'dropped', kind: `event_msg/${type}` };
    } else if (/^(?:task|turn)_(?:started|complete)$/.test(type)) {
      yield* this.flush(isCopy);
      const turn = type.endsWith('started') ? 'open' : 'complete';
      this.state = { ...this.state, turn, turnId: textIn(payload.turn_id) ?? this.state.turnId };
      yield { type: 'dropped', kind: `event_msg/${type}` };
    } else if (type === 'thread_name_updated') {
      this.state = { ...this.state, name: textIn(payload.thread_name) ?? this.state.name };
    } else {
      yield* this.flush(isCopy);
      if (type === 'turn_aborted') this.state = { ...this.state, turn: 'aborted' };
      if (FAILURES.has(type)) this.state = { ...this.state, turn: 'failed' };
      if (type === 'thread_rolled_back') yield this.#rollback(payload);
      yield this.#eventOf(line, payload, isCopy);
    }
  }

  #rollback({ num_turns }: JsonObject): SourceItem {
    const { beforeTurns } = this.state;
    const count = typeof num_turns === 'number' ? num_turns : 1;
    const kept = beforeTurns.slice(0, Math.max(0, beforeTurns.length - count));
    const keepThroughKey = (count > 0 ? beforeTurns[kept.length] : this.state.lastKey) ?? null;
    this.state = { ...this.state, beforeTurns: kept, lastKey: keepThroughKey };
    return { type: 'rollback', keepThroughKey };
  }

  /** How a call ended: waits for the output of the call, if the call is known to be without one. */
  *#detail(
    line: RolloutLine,
    callId: string | null,
    item: JsonObject,
    isCopy: boolean,
  ): Generator<SourceItem> {
    if (
      callId === null ||
      this.#details.has(callId) ||
      this.#details.size >= DETAILS_MAX ||
      !isCallId(callId)
    ) {
      yield* this.#append(this.#eventOf(line, item, isCopy));
      return;
    }
    this.#details.set(callId, { line, item });
  }

  *#tokenCount(line: RolloutLine, isCopy: boolean): Generator<SourceItem> {
    const info = objectIn(line.payload.info);
    const total = objectIn(info?.total_token_usage);
    const before = this.state.total;
    const isRepeat =
      this.state.hasRecords || !info || (total && JSON.stringify(total) === JSON.stringify(before));
    if (isRepeat) {
      yield { type: 'dropped', kind: 'event_msg/token_count (repeat)' };
      return;
    }
    if (total) this.state = { ...this.state, total };
    const last = objectIn(info.last_token_usage);
    const usage = last ? usageOf(last) : usageBetween(before, total ?? {});
    yield* this.#paid(line, usage, null, isCopy);
  }

  /** What the latest response cost. */
  *#paid(
    line: RolloutLine,
    usage: NewTokenUsage,
    responseId: string | null,
    isCopy: boolean,
  ): Generator<SourceItem> {
    if (this.#open) {
      this.#open.usage = usage;
      this.#open.responseId = responseId;
      yield* this.#close();
      return;
    }
    // A response that left no item, for example that of a compaction.
    const kind = textIn(line.payload.type) ?? line.type;
    yield this.#message(line, { role: 'EVENT', kind, content: '', usage, isCopy }, ['type', 'rate_limits']);
  }

  #turnContext(settings: JsonObject): void {
    this.state = {
      ...this.state,
      settings,
      model: textIn(settings.model) ?? this.state.model,
      effort: textIn(settings.effort) ?? null,
      turnId: textIn(settings.turn_id) ?? this.state.turnId,
    };
  }

  #eventOf(line: RolloutLine, item: JsonObject, isCopy: boolean): SourceMessage {
    const content = textIn(item.message) ?? textIn(item.reason) ?? textIn(item.text) ?? '';
    const type = textIn(item.type) ?? line.type;
    const event = { role: 'EVENT' as const, kind: KINDS[type] ?? type, content, isCopy };
    return this.#message({ ...line, payload: item }, event, KINDS[type] ? [] : ['type']);
  }

  #message(
    line: RolloutLine,
    message: Omit<NewMessage, 'key' | 'payload' | 'metadata' | 'createdAt'>,
    consumed: readonly string[],
    added?: JsonObject,
  ): SourceMessage {
    const { turnId } = this.state;
    // The id of what an event is about is not the event's own: others have it, too.
    const key = line.type === 'event_msg' ? keyOfLine({ ...line, payload: {} }) : keyOfLine(line);
    if (!this.#open) this.state = { ...this.state, lastKey: key };
    return {
      type: 'message',
      message: {
        ...message,
        key,
        payload: withPlace({ ...without(line.payload, consumed), ...added }, line),
        metadata: turnId ? { turn_id: turnId } : null,
        createdAt: line.timestamp,
      },
      where: { path: this.#path, line: line.number },
      bytes: line.bytes,
    };
  }

  /** Behind the open response, if it waits for its price. */
  *#append(message: SourceMessage): Generator<SourceItem> {
    if (this.#open) this.#open.follow(message);
    else yield message;
  }

  *#close(): Generator<SourceItem> {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    const message = open.message();
    this.state = { ...this.state, lastKey: (open.followers.at(-1) ?? message).message.key };
    yield message;
    yield* open.followers;
  }
}
