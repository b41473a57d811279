import { oneLine, visible } from '../readable/text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as the content of an element, or within the quotes of an attribute. */
export function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (char) => ENTITIES[char]!);
}

/** As `escaped`, on one line. */
export function escapedLine(text: string): string {
  return escaped(oneLine(text));
}
