import { printable } from '../printable.ts';

/*
 * What sessions hold was written by people, models and web pages, and may try to give orders to the model that reads it. In the text of an
 * answer, a stored text stands either in quotes, on one line, or behind a bar at the beginning of each of its lines: it cannot begin a line
 * that reads as the tool's own.
 */

/** Characters of a title, of a name, or of another text that is shown on one line. */
export const LINE_CHARACTERS = 200;

const LINE_ENDS = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** Characters that nobody sees and a model reads: they spell ASCII. */
const TAGS = /[\u{e0000}-\u{e007f}]/gu;

/** A stored text in quotes, on one line, with white space as single spaces, and cut to `max` characters. */
export function quoted(text: string, max = LINE_CHARACTERS): string {
  // Of a longer text, no more than this can be shown.
  const line = text
    .slice(0, 4 * max)
    .replaceAll(/\s+/g, ' ')
    .trim();
  return visible(JSON.stringify(shortened(line, max)));
}

/** A text, cut to `max` characters; an ellipsis is the last of them then. */
export function shortened(text: string, max = LINE_CHARACTERS): string {
  return text.length > max ? `${beginning(text, max - 1)}…` : text;
}

/** A stored text as lines that each begin with a bar; no lines for an empty text. */
export function barred(text: string): string[] {
  if (text === '') return [];
  return text.split(LINE_ENDS).map((line) => `| ${line.split('\t').map(visible).join('\t')}`.trimEnd());
}

/** The first `max` characters (UTF-16 code units) of a text, or one less, so that no pair of surrogates is cut apart. */
export function beginning(text: string, max: number): string {
  if (text.length <= max) return text;
  return text.slice(0, isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function visible(text: string): string {
  return printable(text).replaceAll(TAGS, (tag) => `\\u{${tag.codePointAt(0)!.toString(16)}}`);
}
