import type { JsonObject } from '../../model/json.ts';
import { objectIn, textIn, without } from '../source-json.ts';
import { isCallId } from './events.ts';
import { withPlace } from './open-response.ts';
import type { RolloutLine } from './rollout-line.ts';

/** Calls whose output has not come, though the program said how they ended. */
const WAITING_MAX = 64;

/** How a call ended. */
export interface Detail {
  /** The id of the call; null: unknown. */
  readonly callId: string | null;
  readonly line: RolloutLine;
  readonly item: JsonObject;
  /** What the line says besides, by the type of its event. */
  readonly beside: JsonObject;
}

/** How a call ended, as an `item_completed` says it, or an event such as `exec_command_end`. */
export function detailIn(line: RolloutLine): Detail {
  const { payload } = line;
  const type = textIn(payload.type) ?? 'event_msg';
  if (type !== 'item_completed') {
    const beside = { [type]: withPlace({}, line, true) };
    return { callId: textIn(payload.call_id), line, item: payload, beside };
  }
  const item = objectIn(payload.item);
  const beside = { [type]: withPlace(without(payload, item ? ['type', 'item'] : ['type']), line, true) };
  return { callId: textIn(item?.id), line, item: item ?? {}, beside };
}

/** How calls ended whose outputs are still to come. */
export class CallDetails {
  readonly #waiting = new Map<string, Detail>();

  get size(): number {
    return this.#waiting.size;
  }

  /** False if the call is known to be without an output, or too many wait. */
  wait(detail: Detail): boolean {
    const { callId } = detail;
    if (callId === null || this.#waiting.has(callId)) return false;
    if (this.#waiting.size >= WAITING_MAX || !isCallId(callId)) return false;
    this.#waiting.set(callId, detail);
    return true;
  }

  take(callId: string): Detail | null {
    const detail = this.#waiting.get(callId) ?? null;
    this.#waiting.delete(callId);
    return detail;
  }

  takeAll(): Detail[] {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    return all;
  }
}
