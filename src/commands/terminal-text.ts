import { printable } from '../printable.ts';

/** Characters that terminals draw two columns wide: East Asian ones, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f/v;

const segmenter = new Intl.Segmenter();

/** The columns of a terminal that `text` takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** `text` on one line, safe for a terminal, and cut to `width` columns. */
export function oneLine(text: string, width: number, ellipsis: string): string {
  // Of a longer text, no more than this can be shown.
  const line = printable(
    text
      .slice(0, 8 * width)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
  if (widthOf(line) <= width) return line;
  let cut = '';
  let left = width - ellipsis.length;
  for (const { segment } of segmenter.segment(line)) {
    left -= widthOf(segment);
    if (left < 0) break;
    cut += segment;
  }
  return `${cut}${ellipsis}`;
}

/** `text` with spaces behind it, or before it, up to `width` columns. */
export function padded(text: string, width: number, side: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
  return side === 'left' ? `${text}${spaces}` : `${spaces}${text}`;
}

/** Whether the locale of the environment writes UTF-8. Windows has no such variables: its terminals do. */
export function isUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv, platform: string): boolean {
  return platform === 'win32' || /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}
