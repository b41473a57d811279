import { z } from 'zod';
import { isSessionId, parseMessageId } from './id.ts';
import { customIssue } from './input-fault.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { atMost, type Bound, isStorable, jsonFault, STORABLE, unstorable } from './stored-values.ts';

/** Rules of single values, of which `inputRules` makes those of inputs. */

/** Text that can be stored, and whose length in `unit`s, which `measure` counts, is within `length`. */
function text(length: Bound, unit: string, measure: (value: string) => number) {
  // One refinement for both rules, because each refinement is a walk of its own.
  return z.string().superRefine((value, context) => {
    if (!isStorable(value)) context.addIssue(customIssue({ expected: STORABLE, flaw: unstorable(value) }));
    const found = measure(value);
    if (found > length.max) context.addIssue(customIssue(atMost(length, unit, found)));
  });
}

/** Storable text of a bounded size in UTF-8. */
export const sizedText = (length: Bound) => text(length, 'bytes of UTF-8', Buffer.byteLength);
/** Storable text of a bounded number of UTF-16 code units. */
export const shortText = (length: Bound) => text(length, 'characters', (value) => value.length);

/** Any JSON value, or undefined, of a bounded size and depth. */
export function json(bytes: Bound, depth: Bound) {
  return z.custom<JsonValue>().superRefine((value, context) => {
    const fault = value === undefined ? null : jsonFault(value, bytes, depth, false);
    if (fault) context.addIssue(customIssue(fault));
  });
}

/** A JSON object of a bounded size and depth. */
export function jsonObject(bytes: Bound, depth: Bound) {
  return z.custom<JsonObject>(isJsonObject, 'a JSON object').superRefine((value, context) => {
    const fault = isJsonObject(value) ? jsonFault(value, bytes, depth, true) : null;
    if (fault) context.addIssue(customIssue(fault));
  });
}

/** The id of a session. It need not exist. */
export const sessionId = z.string().superRefine((id, context) => {
  if (isSessionId(id)) return;
  context.addIssue(
    customIssue({
      expected: '1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit',
      flaw: flawOfId(id),
    }),
  );
});

/** The first character of an id that may not stand there. */
function flawOfId(id: string): string | undefined {
  const index = /[^A-Za-z0-9._-]|^[._-]/.exec(id)?.index;
  if (index === undefined) return undefined;
  return `${JSON.stringify(String.fromCodePoint(id.codePointAt(index)!))} as character ${index + 1}`;
}

/** A key cannot be empty: an empty text is a client's forgotten one. */
export function notEmpty<Text extends z.ZodString>(key: Text) {
  return key.min(1, 'at least one character');
}

/** The id of a message. It need not exist. */
export const messageId = z.string().refine((id) => parseMessageId(id) !== null, {
  error: 'the id of a message: "<session id>:<number>"',
});

/** An integer from 0 that a double holds exactly. */
export const count = z.int('a whole number up to 2^53 - 1').min(0, '0 or more');
