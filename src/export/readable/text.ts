/** Controls other than tabs and newlines, and those that reorder what follows: they could hide what a text says. */
const HIDING = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;

/** `text` with newlines alone between its lines, and with controls shown as in `\u001b`. */
export function visible(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(HIDING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As `visible`, on one line. */
export function oneLine(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ').trim());
}

/** A part of a text in Markdown: lines of a fenced block of code, or other lines. */
export interface Block {
  readonly isCode: boolean;
  /** Without the fences. */
  readonly text: string;
  /** What the opening fence says of the code: usually its language. */
  readonly info: string;
}

const OPENING = /^([ \t]*)(?:(`{3,})([^`]*)|(~{3,})(.*))$/;

/**
 * Divides a text whose lines end in newlines at its fenced blocks of code. The code of an indented block, which is a part of a list, loses
 * its indentation.
 */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  /** The opening fence of the block; null outside of blocks. */
  let fence: string | null = null;
  let info = '';
  let indent = '';
  const add = (isCode: boolean) => {
    if (isCode || lines.length > 0) blocks.push({ isCode, text: lines.join('\n'), info: isCode ? info : '' });
    lines = [];
  };
  for (const line of text.split('\n')) {
    const opening: RegExpExecArray | null = fence === null ? OPENING.exec(line) : null;
    if (opening) {
      add(false);
      indent = opening[1]!;
      fence = opening[2] ?? opening[4]!;
      info = (opening[3] ?? opening[5])!.trim();
    } else if (fence !== null && isClosing(line.trim(), fence)) {
      add(true);
      fence = null;
    } else lines.push(fence !== null && line.startsWith(indent) ? line.slice(indent.length) : line);
  }
  add(fence !== null);
  return blocks;
}

function isClosing(line: string, fence: string): boolean {
  return line.length >= fence.length && line === fence.charAt(0).repeat(line.length);
}
