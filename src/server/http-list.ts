/** Matches a token in lower case (RFC 9110, section 5.6.2); for use within a larger pattern. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9a-z-]+";

/** Older clients omit the zero: `.2`. */
const QUALITY = /^(0(\.\d*)?|\.\d+|1(\.0*)?)$/;

/** The value of a parameter `q` (RFC 9110, section 12.4.2), 0 to 1; null if it is no quality. */
export function parseQuality(text: string): number | null {
  return QUALITY.test(text) ? Number(text) : null;
}
