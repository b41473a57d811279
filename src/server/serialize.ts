import type { ExecutionResult } from 'graphql';
import type { MaybePromise } from '../schema/maybe-promise.ts';

/** UTF-16 units of JSON that are written at once: less than a millisecond of work. */
const UNITS_AT_ONCE = 64 * 1024;

export interface SerializeOptions {
  /** Called after each piece with the bytes so far. May throw to end the work. */
  readonly written: (bytes: number) => void;
  /** Called after each piece. May resolve in a later turn of the event loop. */
  readonly rest: () => MaybePromise<void>;
}

/** The same text as `JSON.stringify(result)`, in pieces. Never holds more of it than `written` allows. */
export async function serializeInPieces(
  result: ExecutionResult,
  { written, rest }: SerializeOptions,
): Promise<Buffer[]> {
  const buffers: Buffer[] = [];
  let bytes = 0;
  let text = '';
  const flush = () => {
    const buffer = Buffer.from(text);
    text = '';
    bytes += buffer.length;
    written(bytes);
    buffers.push(buffer);
  };
  for (const piece of piecesOf(result)) {
    text += piece;
    if (text.length < UNITS_AT_ONCE) continue;
    flush();
    await rest();
  }
  flush();
  return buffers;
}

function* piecesOf(value: unknown): Generator<string, void> {
  if (typeof value !== 'object' || value === null || isSmall(value)) yield JSON.stringify(value) ?? 'null';
  else if (Array.isArray(value)) yield* piecesOfList(value);
  else yield* piecesOfObject(value);
}

/** Small items that follow each other are written together: writing each on its own takes twice the time. */
function* piecesOfList(list: readonly unknown[]): Generator<string, void> {
  let separator = '[';
  let small: unknown[] = [];
  let units = 0;
  function* flush() {
    if (small.length > 0) {
      yield separator + JSON.stringify(small).slice(1, -1);
      separator = ',';
    }
    small = [];
    units = 0;
  }
  for (const item of list) {
    const size = unitsUpTo(item, UNITS_AT_ONCE);
    if (units + size > UNITS_AT_ONCE) yield* flush();
    if (size <= UNITS_AT_ONCE) {
      small.push(item);
      units += size;
    } else {
      yield separator;
      separator = ',';
      yield* piecesOf(item);
    }
  }
  yield* flush();
  yield ']';
}

function* piecesOfObject(object: object): Generator<string, void> {
  if ('toJSON' in object && typeof object.toJSON === 'function') {
    yield* piecesOf(object.toJSON());
    return;
  }
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ',';
    yield* piecesOf(value);
  }
  yield separator === '{' ? '{}' : '}';
}

const isSmall = (value: unknown) => unitsUpTo(value, UNITS_AT_ONCE) <= UNITS_AT_ONCE;

/** The UTF-16 units of strings and keys in `value`, and some for the rest. Stops counting past `limit`. */
function unitsUpTo(value: unknown, limit: number): number {
  let units = 0;
  const stack = [value];
  while (stack.length > 0 && units <= limit) {
    const held = stack.pop();
    units += typeof held === 'string' ? held.length + UNITS_OF_SCALAR : UNITS_OF_SCALAR;
    if (typeof held !== 'object' || held === null) continue;
    if (Array.isArray(held)) {
      units += held.length;
      // A longer list is too long whatever it holds.
      if (units <= limit) for (const item of held) stack.push(item);
    } else {
      for (const key in held) {
        units += key.length;
        stack.push((held as Record<string, unknown>)[key]);
      }
    }
  }
  return units;
}

const UNITS_OF_SCALAR = 4;
