/** Controls and format characters: they cannot be seen, or change the order of what stands beside them. */
const UNSEEN = /[\p{Cc}\p{Cf}]/gu;

/** Line breaks and tabs; and what joins and separates letters and emoji. */
const KEPT = new Set(['\n', '\t', '\u200c', '\u200d', '\u00ad']);

/** A text in which such characters are shown by their numbers, so that it says what it seems to say. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    if (KEPT.has(character)) return character;
    if (character === '\r') return '';
    return `⟨${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}
