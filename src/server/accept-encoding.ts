import { parseQuality, TOKEN } from './http-list.ts';

export type Encoding = 'br' | 'gzip' | 'identity';

/** The quality of `identity` where Accept-Encoding names other codings only: acceptable, but less than any coding that is named. */
const UNNAMED_IDENTITY = 0.0001;

/**
 * Chooses the encoding of `offered` that an Accept-Encoding header prefers (RFC 9110, section 12.5.3). Among equals, the first wins.
 * Null if the header accepts none of them; `identity` if there is no header.
 */
export function negotiateEncoding<Offered extends Encoding>(
  header: string | null | undefined,
  offered: readonly Offered[],
): Offered | null {
  const qualities = new Map(parseQualities(header ?? ''));
  let best: Offered | null = null;
  let bestQuality = 0;
  for (const encoding of offered) {
    const quality =
      qualities.get(encoding) ?? qualities.get('*') ?? (encoding === 'identity' ? UNNAMED_IDENTITY : 0);
    if (quality > bestQuality) [best, bestQuality] = [encoding, quality];
  }
  return best;
}

const CODING = new RegExp(`^(?:x-)?(${TOKEN})(?:\\s*;\\s*q\\s*=\\s*([.\\d]+))?$`);

/** Parts of the header that name no coding are ignored. */
function parseQualities(header: string): [string, number][] {
  return header
    .toLowerCase()
    .split(',')
    .flatMap((part): [string, number][] => {
      const [, coding, weight = '1'] = CODING.exec(part.trim()) ?? [];
      const quality = parseQuality(weight);
      return coding === undefined || quality === null ? [] : [[coding, quality]];
    });
}
