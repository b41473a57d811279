/** The first `length` UTF-16 units of `text`, with `…` if there are more. No surrogate pair is split. */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
