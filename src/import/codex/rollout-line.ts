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
  /** What else there is in the line, in versions to come. */
  readonly rest: JsonObject | null;
  readonly number: number;
  readonly bytes: number;
}

const KNOWN = ['type', 'payload', 'timestamp', 'ordinal', 'metadata'];

/** Null: the line is no JSON object with a type. */
export function parseRolloutLine(line: Line): RolloutLine | null {
  const object = line.bytes && parseObject(line.bytes.toString());
  const type = object && textIn(object.type);
  if (!type) return null;
  return {
    type,
    payload: objectIn(object.payload) ?? {},
    timestamp: dateIn(object.timestamp),
    ordinal: numberIn(object.ordinal),
    metadata: objectIn(object.metadata),
    rest: orNull(without(object, KNOWN)),
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
