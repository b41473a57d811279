import type { JsonObject } from '../../model/json.ts';
import type { NewMessage, NewTokenUsage } from '../../model/message.ts';
import { promptTitle } from '../fit.ts';
import type { SourceItem, SourceMessage } from '../format.ts';
import { objectIn, orNull, textIn, without } from '../source-json.ts';
import { CallDetails, type Detail, detailIn } from './call-details.ts';
import { FAILURES, KINDS, REPEATED_ITEMS, REPEATS } from './events.ts';
import { isFailed, isTyped, outputOf, responsePart, textOfParts, withoutPlaced } from './items.ts';
import { OPEN_BYTES_MAX, OpenResponse, withPlace } from './open-response.ts';
import { keyOfLine, type RolloutLine, withRest } from './rollout-line.ts';
import {
  isReplaced,
  type RolloutState,
  rolledBack,
  TURNS_KEPT,
  withCall,
  withLatest,
  withoutCall,
  withSettings,
} from './rollout-state.ts';
import { besideUsage, usageBetween, usageOf } from './usage.ts';

/** Makes messages of the lines of a rollout, in their order. */
export class RolloutTranslator {
  state: RolloutState;
  readonly #path: string;
  readonly #endsCopies: boolean;
  #open: OpenResponse | null = null;
  /** How calls ended: goes to the payload of the output, which comes later. */
  readonly #details = new CallDetails();

  /** `endsCopies`: what follows a copied line is no part of the same response; else the copy may go on, once its origin is whole. */
  constructor(path: string, state: RolloutState, endsCopies: boolean) {
    this.#path = path;
    this.#endsCopies = endsCopies;
    this.state = state;
  }

  /** True if a message waits for later lines. */
  get isOpen(): boolean {
    return this.#open !== null || this.#details.size > 0;
  }

  /** `isCopy`: the line was copied from another thread, which paid for it. */
  *take(line: RolloutLine, isCopy = false): Generator<SourceItem> {
    if (this.#open && this.#open.bytes > OPEN_BYTES_MAX) yield* this.#close();
    switch (line.type) {
      case 'response_item':
        return yield* this.#item(line, isCopy);
      case 'event_msg':
        return yield* this.#event(line, isCopy);
      case 'token_usage_record': {
        this.state = { ...this.state, hasRecords: true };
        const usage = usageOf(objectIn(line.payload.usage) ?? {});
        return yield* this.#paid(line, usage, besideUsage(line.payload, 'usage'), isCopy);
      }
      case 'turn_context':
        yield* this.flush(isCopy);
        if (this.state.settings) yield { type: 'dropped', kind: 'earlier turn_context' };
        this.state = withSettings(this.state, withRest(line.payload, line.rest));
        return;
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
  *instructions(
    line: RolloutLine,
    content: string,
    rest: JsonObject | null,
    isCopy: boolean,
  ): Generator<SourceItem> {
    const message = {
      key: 'instructions',
      role: 'SYSTEM' as const,
      content,
      isCopy,
      payload: rest && { base_instructions: rest },
      createdAt: line.timestamp,
    };
    this.state = { ...this.state, lastKey: message.key };
    yield { type: 'message', message, where: { path: this.#path, line: line.number }, bytes: line.bytes };
  }

  /** At the end of the file: what waits for its price. How calls ended goes with their outputs, which the file may get later. */
  *end(): Generator<SourceItem> {
    yield* this.#close();
    for (const { item } of this.#details.takeAll())
      yield { type: 'dropped', kind: `${item.type} without output` };
  }

  /** What waits, as it is. */
  *flush(isCopy = false): Generator<SourceItem> {
    yield* this.#close();
    for (const detail of this.#details.takeAll()) yield this.#detailEvent(detail, isCopy);
  }

  *#item(line: RolloutLine, isCopy: boolean): Generator<SourceItem> {
    const { payload } = line;
    const type = textIn(payload.type) ?? 'response_item';
    const part = responsePart(payload, keyOfLine(line));
    if (part) {
      const isEndOfCopy = this.#endsCopies && this.#open?.isCopy && !isCopy;
      // Outputs came after its last part, or only that was copied: this is the beginning of the next.
      if (this.#open?.followers.length || isEndOfCopy) yield* this.#close();
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
    const detail = toolCallId === null ? null : this.#details.take(toolCallId);
    const { text, isOnlyText } = outputOf(payload);
    const isError = isFailed(payload, detail?.item ?? null);
    const { calls } = this.state;
    const name = toolCallId !== null && Object.hasOwn(calls, toolCallId) ? calls[toolCallId]! : null;
    if (name !== null) this.state = withoutCall(this.state, toolCallId!);
    const message = { role: 'TOOL' as const, content: text, toolCallId, name, isError, isCopy };
    const consumed = isOnlyText ? ['call_id', 'output', 'result', 'tools'] : ['call_id'];
    return this.#message(line, message, consumed, detail ? { item: detail.item, ...detail.beside } : {});
  }

  *#event(line: RolloutLine, isCopy: boolean): Generator<SourceItem> {
    const { payload } = line;
    const type = textIn(payload.type) ?? 'event_msg';
    if (type === 'token_count') {
      yield* this.#tokenCount(line, isCopy);
    } else if (type === 'item_completed' || (type.endsWith('_end') && textIn(payload.call_id))) {
      const kind = textIn(objectIn(payload.item)?.type) ?? type;
      if (REPEATED_ITEMS.has(kind)) yield { type: 'dropped', kind: `event_msg/item_completed/${kind}` };
      else {
        const detail = detailIn(line);
        if (!this.#details.wait(detail)) yield* this.#append(this.#detailEvent(detail, isCopy));
      }
    } else if (REPEATS.has(type) || type.endsWith('_begin') || type.endsWith('_delta')) {
      yield { type: 'dropped', kind: `event_msg/${type}` };
    } else if (/^(?:task|turn)_(?:started|complete)$/.test(type)) {
      yield* this.flush(isCopy);
      const turn = type.endsWith('started') ? 'open' : 'complete';
      this.state = { ...this.state, turn, turnId: textIn(payload.turn_id) ?? this.state.turnId };
      yield { type: 'dropped', kind: `event_msg/${type}` };
    } else if (type === 'thread_name_updated') {
      if (this.state.name !== null) yield { type: 'dropped', kind: `earlier ${type}` };
      this.state = { ...this.state, name: textIn(payload.thread_name) ?? this.state.name };
    } else {
      yield* this.flush(isCopy);
      if (type === 'turn_aborted') this.state = { ...this.state, turn: 'aborted' };
      if (FAILURES.has(type)) this.state = { ...this.state, turn: 'failed' };
      if (type === 'thread_rolled_back') {
        this.state = rolledBack(this.state, payload.num_turns);
        yield { type: 'rollback', keepThroughKey: this.state.lastKey };
      }
      yield this.#eventOf(line, payload, isCopy);
    }
  }

  #detailEvent({ line, item, beside }: Detail, isCopy: boolean): SourceMessage {
    return this.#eventOf(line, item, isCopy, item === line.payload ? {} : beside);
  }

  *#tokenCount(line: RolloutLine, isCopy: boolean): Generator<SourceItem> {
    const info = objectIn(line.payload.info);
    const latest = {
      rate_limits: line.payload.rate_limits,
      model_context_window: info?.model_context_window,
    };
    for (const [name, value] of Object.entries(latest)) {
      if (isReplaced(this.state, name, value)) yield { type: 'dropped', kind: `earlier ${name}` };
      this.state = withLatest(this.state, name, value);
    }
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
    const beside = besideUsage(without(info, ['model_context_window']), 'last_token_usage');
    const rest = without(line.payload, ['type', 'info', 'rate_limits']);
    yield* this.#paid(
      line,
      usage,
      { ...beside, rest: { ...rest, ...(orNull(beside.rest) && { info: beside.rest }) } },
      isCopy,
    );
  }

  /** What the latest response cost. */
  *#paid(
    line: RolloutLine,
    usage: NewTokenUsage,
    { sums, rest }: ReturnType<typeof besideUsage>,
    isCopy: boolean,
  ): Generator<SourceItem> {
    if (this.#open) {
      const name = textIn(line.payload.type) ?? line.type;
      this.#open.usage = usage;
      this.#open.responseId = textIn(rest.response_id);
      this.#open.paidRest = { [name]: withPlace(without(rest, ['response_id']), line, true) };
      for (const sum of sums) yield { type: 'dropped', kind: sum };
      yield* this.#close();
      return;
    }
    // A response that left no item, for example that of a compaction.
    const kind = textIn(line.payload.type) ?? line.type;
    yield this.#message(line, { role: 'EVENT', kind, content: '', usage, isCopy }, ['type', 'rate_limits']);
  }

  #eventOf(line: RolloutLine, item: JsonObject, isCopy: boolean, beside?: JsonObject): SourceMessage {
    const content = textIn(item.message) ?? textIn(item.reason) ?? textIn(item.text) ?? '';
    const type = textIn(item.type) ?? line.type;
    const event = { role: 'EVENT' as const, kind: KINDS[type] ?? type, content, isCopy };
    return this.#message({ ...line, payload: item }, event, KINDS[type] ? [] : ['type'], beside);
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
        payload: withPlace({ ...withoutPlaced(line.payload, consumed), ...added }, line),
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
