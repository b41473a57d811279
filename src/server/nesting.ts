/**
 * The nesting depth of brackets of all kinds in a GraphQL document, without strings and comments. It does not recurse, and stops
 * just past `limit`.
 */
export function nestingOf(source: string, limit: number): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < source.length && deepest <= limit; at += 1) {
    switch (source[at]) {
      case '{':
      case '[':
      case '(':
        depth += 1;
        deepest = Math.max(deepest, depth);
        break;
      case '}':
      case ']':
      case ')':
        depth -= 1;
        break;
      case '"':
        at = endOfString(source, at);
        break;
      case '#':
        at = endOfLine(source, at);
        break;
    }
  }
  return deepest;
}

/** The index of the closing quote of the string, or block string, that opens at `start`. */
function endOfString(source: string, start: number): number {
  if (source.startsWith('"""', start)) {
    let end = source.indexOf('"""', start + 3);
    while (end !== -1 && source[end - 1] === '\\') end = source.indexOf('"""', end + 3);
    return end === -1 ? source.length : end + 2;
  }
  let at = start + 1;
  // A string that does not end in its line is a syntax error: what follows does not matter.
  while (at < source.length && source[at] !== '"' && !isLineEnd(source[at]!))
    at += source[at] === '\\' ? 2 : 1;
  return at;
}

function endOfLine(source: string, start: number): number {
  let at = start;
  while (at < source.length && !isLineEnd(source[at]!)) at += 1;
  return at;
}

function isLineEnd(character: string): boolean {
  return character === '\n' || character === '\r';
}
