import { escaped } from './escape.ts';

/** UTF-16 code units of the longest line that is searched for marks: the search can take the square of that. */
const LINE_LENGTH_MAX = 2_000;

const HEADING = /^ {0,3}#{1,6}\s+(?=\S)/;
/** Code, or what is emphasized. */
const MARKED = /(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)|\*\*(?=\S)(.+?)(?<=\S)\*\*/g;

/** Lines of Markdown as HTML, in which headings, emphasis and code alone are set off. All else is shown as it is written. */
export function formatted(text: string): string {
  return text.split('\n').map(formattedLine).join('\n');
}

function formattedLine(line: string): string {
  if (line.length > LINE_LENGTH_MAX) return escaped(line);
  const heading = HEADING.exec(line);
  const rest = heading ? line.slice(heading[0].length) : line;
  let shown = '';
  let end = 0;
  for (const found of rest.matchAll(MARKED)) {
    const [all, , code, strong] = found;
    shown += escaped(rest.slice(end, found.index));
    shown +=
      code === undefined
        ? `<strong>${escaped(strong!)}</strong>`
        : `<code>${escaped(code.trim() || code)}</code>`;
    end = found.index + all.length;
  }
  shown += escaped(rest.slice(end));
  return heading ? `<strong class="heading">${shown}</strong>` : shown;
}
