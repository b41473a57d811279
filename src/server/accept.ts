import { parseQuality, TOKEN } from './http-list.ts';

/** The media types of a result. The first is for clients without a preference. */
export const RESULT_TYPES = ['application/json', 'application/graphql-response+json'] as const;

type ResultType = (typeof RESULT_TYPES)[number];

/** The media type of subscriptions over HTTP: server-sent events. */
export const EVENT_STREAM = 'text/event-stream';

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  /** 0 to 1; 0 means not acceptable. */
  readonly quality: number;
  /** The higher, the more exactly the range names a type. */
  readonly specificity: number;
}

/**
 * Chooses the type of `offered` that an Accept header prefers (RFC 9110, section 12.5.1). Null if the header accepts none of them;
 * the first if it states no preference. Parts of the header that are no media range are ignored.
 */
export function negotiate<Type extends string>(
  accept: string | null | undefined,
  offered: readonly Type[],
): Type | null {
  if (accept == null || accept.trim() === '') return offered[0] ?? null;
  const ranges = splitOutsideQuotes(accept, ',').flatMap(parseRange);
  const candidates = offered.flatMap((type) => {
    const range = rangeFor(type, ranges);
    return range && range.quality > 0 ? [{ type, range }] : [];
  });
  candidates.sort(
    ({ range: one }, { range: other }) =>
      other.quality - one.quality ||
      other.specificity - one.specificity ||
      ranges.indexOf(one) - ranges.indexOf(other),
  );
  return candidates[0]?.type ?? null;
}

/** The most specific range that matches a type: its quality is the type's. */
function rangeFor(mediaType: string, ranges: readonly MediaRange[]): MediaRange | undefined {
  const [type, subtype] = mediaType.split('/');
  let found: MediaRange | undefined;
  for (const range of ranges) {
    if (range.type !== '*' && range.type !== type) continue;
    if (range.subtype !== '*' && range.subtype !== subtype) continue;
    if (!found || range.specificity > found.specificity) found = range;
  }
  return found;
}

const MEDIA_RANGE = new RegExp(`^(${TOKEN})/(${TOKEN})$`);

function parseRange(text: string): MediaRange[] {
  const [name = '', ...parameters] = splitOutsideQuotes(text.toLowerCase(), ';').map((part) => part.trim());
  // Older clients of Java write `*` for `*/*`.
  const [, type, subtype] = MEDIA_RANGE.exec(name === '*' ? '*/*' : name) ?? [];
  if (type === undefined || subtype === undefined || (type === '*' && subtype !== '*')) return [];
  const charset = parameterOf('charset', parameters);
  const quality = parseQuality(parameterOf('q', parameters) ?? '1');
  if ((charset ?? 'utf-8') !== 'utf-8' || quality === null) return [];
  const wildcards = [type, subtype].filter((part) => part === '*').length;
  return [
    {
      type,
      subtype,
      quality,
      specificity: 2 - wildcards + (charset === undefined ? 0 : 0.5),
    },
  ];
}

function parameterOf(name: string, parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const [key, value = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (key === name) return value.replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts = [''];
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === separator && !isQuoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** The Accept headers of common clients, and the result of the negotiation for each: parsing costs more than a look-up. */
const USUAL = new Map(
  [
    undefined,
    '*/*',
    'application/json',
    'application/json, */*',
    'application/json, text/plain, */*',
    'application/graphql-response+json',
    'application/graphql-response+json, application/json',
    'application/graphql-response+json,application/json;q=0.9',
  ].map((accept) => [accept, negotiate(accept, RESULT_TYPES)]),
);

/** The media type of a result for an Accept header; null if the header accepts neither of ours. */
export function resultType(accept: string | null | undefined): ResultType | null {
  const usual = USUAL.get(accept ?? undefined);
  return usual === undefined ? negotiate(accept, RESULT_TYPES) : usual;
}

/**
 * Whether an Accept header names server-sent events. A wildcard does not count: a client that has not asked for a stream would wait for
 * the end of the answer.
 */
export function takesEventStream(accept: string | null | undefined): boolean {
  if (!accept?.toLowerCase().includes(EVENT_STREAM)) return false;
  return negotiate(accept, [EVENT_STREAM]) !== null;
}
