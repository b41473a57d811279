import { crc32 } from 'node:zlib';

/** The line with the members in `text`, which lacks the end of the object. */
export function withChecksum(text: string): string {
  return `${text},"crc":"${crc32(text).toString(16).padStart(8, '0')}"}`;
}
