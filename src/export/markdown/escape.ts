import { blocksOf, oneLine, visible } from '../readable/text.ts';

/** Plain text within a line of Markdown. */
export function inline(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_[\]<>&|~#$!]/g, '\\$&');
}

/** Plain text within a line, as code. */
export function inlineCode(text: string): string {
  const line = oneLine(text);
  const ticks = '`'.repeat(longestRun(line, '`') + 1);
  const space = /^[` ]|[` ]$/.test(line) || line === '' ? ' ' : '';
  return `${ticks}${space}${line}${space}${ticks}`;
}

/** A block of code that nothing in `text` ends. */
export function fenced(text: string, info = ''): string {
  const code = visible(text).replace(/\n$/, '');
  const fence = '`'.repeat(Math.max(3, longestRun(code, '`') + 1));
  return `${fence}${info}\n${code}\n${fence}\n`;
}

/** `markdown` in a quotation. */
export function quoted(markdown: string): string {
  return markdown.replaceAll(/^(?=.)/gm, '> ').replaceAll(/^$/gm, '>');
}

/**
 * A text that is Markdown itself, so that it stays formatted but cannot change the document around it: blocks of code end, headings are
 * no headings, and there is neither HTML nor an image that a viewer would request.
 */
export function contained(text: string): string {
  return blocksOf(visible(text))
    .map((block) => (block.isCode ? fenced(block.text, infoOf(block.info)) : containedProse(block.text)))
    .join('\n');
}

/** What follows an opening fence of backticks must not have any. */
function infoOf(info: string): string {
  return info.replaceAll('`', '');
}

function longestRun(text: string, char: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(new RegExp(`${char}+`, 'g'))) longest = Math.max(longest, run.length);
  return longest;
}

/** What may precede a heading within a line: quotations and list items. */
const HEADING = /^((?:\s*(?:>|[-*+](?=\s)|\d{1,9}[.)](?=\s)))*\s*)(#{1,6})(?=\s|$)/;
/** A line that makes a heading of the one before it. */
const UNDERLINE = /^([\s>]*)(=+|-+)\s*$/;

function containedProse(text: string): string {
  let earlier = '';
  /** Every earlier line of the paragraph closes the code that it opens: a backtick of this line opens code. */
  let isBalanced = true;
  return text
    .split('\n')
    .map((line) => {
      if (line.trim() === '') isBalanced = true;
      const parts = partsOf(line);
      isBalanced &&= parts !== null;
      const escaped =
        isBalanced && parts
          ? parts.map((part, n) => (n % 2 === 0 ? withoutHtml(part) : part)).join('')
          : withoutHtml(line);
      const isUnderlined = earlier.trim() !== '' && UNDERLINE.test(escaped);
      earlier = line;
      return isUnderlined ? escaped.replace(UNDERLINE, '$1\\$2') : escaped.replace(HEADING, '$1\\$2');
    })
    .join('\n');
}

function withoutHtml(text: string): string {
  return text.replaceAll(/(?<!\\)(\\*)(<|!\[)/g, (found: string, slashes: string, what: string) => {
    if (what !== '<') return `${slashes}!\\[`;
    // After an odd number of backslashes, the character is escaped already.
    return slashes.length % 2 === 1 ? found : `${slashes}\\<`;
  });
}

/**
 * A line divided at its code spans, which are at the odd places with their backticks; null if the line may have one that does not end
 * within it.
 */
function partsOf(line: string): string[] | null {
  const parts: string[] = [];
  const runs = [...line.matchAll(/`+/g)].map(({ 0: ticks, index }) => ({
    start: index,
    end: index + ticks.length,
  }));
  let from = 0;
  for (let n = 0; n < runs.length; n += 1) {
    const { start, end } = runs[n]!;
    let closing = n + 1;
    while (closing < runs.length && lengthOf(runs[closing]!) !== end - start) closing += 1;
    // After a backslash, a backtick may open nothing.
    if (closing === runs.length || line[start - 1] === '\\') return null;
    parts.push(line.slice(from, start), line.slice(start, runs[closing]!.end));
    from = runs[closing]!.end;
    n = closing;
  }
  return [...parts, line.slice(from)];
}

function lengthOf({ start, end }: { readonly start: number; readonly end: number }): number {
  return end - start;
}
