import type { JsonObject } from '../../model/json.ts';
import type { Line } from '../lines.ts';
import { dateIn, numberIn, objectIn, orNull, parseObject, textIn, without } from '../source-json.ts';

/** A line of a rollout, parsed. */
export interface RolloutLine {
  readonly type: string;
  readonly payload: JsonObject;
  readonly timestamp: Date | null;
  /** The position in the thread, since 0.171: goes on in forks where their base ended. */
  readonly ordinal: number | null;
  /** What the line has beside its payload. */
  readonly metadata: JsonObject | null;
  /** What else there is in the line, in versions to come, or has another type than here. */
  readonly rest: JsonObject | null;
  readonly number: number;
  readonly bytes: number;
}

/** Null: the line is no JSON object with a type. */
export function parseRolloutLine(line: Line): RolloutLine | null {
  const object = line.bytes && parseObject(line.bytes.toString());
  const type = object && textIn(object.type);
  if (!type) return null;
  const payload = objectIn(object.payload);
  const known = {
    timestamp: dateIn(object.timestamp),
    ordinal: numberIn(object.ordinal),
    metadata: objectIn(object.metadata),
  };
  const placed = Object.entries({ ...known, payload }).filter(([, value]) => value !== null);
  return {
    ...known,
    type,
    payload: payload ?? {},
    rest: orNull(without(object, ['type', ...placed.map(([name]) => name)])),
    number: line.number,
    bytes: line.bytes!.length,
  };
}

/** The key of the message that a line makes: the item's own id, since 0.171, or its place in the thread. */
export function keyOfLine({ payload, ordinal, number }: RolloutLine): string {
  return textIn(payload.id) ?? (ordinal === null ? `line:${number}` : `ordinal:${ordinal}`);
}

/** What a line says, with what else there is in it. */
export function withRest(payload: JsonObject, rest: JsonObject | null): JsonObject {
  return rest ? { ...payload, line: rest } : payload;
}
