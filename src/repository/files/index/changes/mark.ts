/** A place in the order of changes: mutations in the order of their numbers, and the sessions of one mutation in the order of its record. */
export interface ChangePlace {
  readonly seq: number;
  readonly place: number;
}

/** The place behind all sessions of a mutation. */
export const WHOLE = Number.MAX_SAFE_INTEGER;

export function isAfter(a: ChangePlace, b: ChangePlace): boolean {
  return a.seq > b.seq || (a.seq === b.seq && a.place > b.place);
}

/**
 * Where a reader is: it knows each session whose latest change is not after `upTo` as the session was when that was told, and all
 * others as they were at the mutation `base`, or later.
 */
export interface Mark {
  readonly base: number;
  readonly upTo: ChangePlace;
  /** The `changed_outside` of the index when the mark was given; null if there was none. */
  readonly outside: string | null;
}

/** "12", "5-12", "5-12.3"; then "@" and `outside`. */
const TEXT = /^(\d{1,16})(?:-(\d{1,16})(?:\.(\d{1,16}))?)?(?:@([0-9a-f]+))?$/;

export function encodeMark({ base, upTo, outside }: Mark): string {
  const place = upTo.place === WHOLE ? '' : `.${upTo.place}`;
  const until = upTo.seq === base && place === '' ? '' : `-${upTo.seq}${place}`;
  return `${base}${until}${outside === null ? '' : `@${outside}`}`;
}

/** Null for a text that is no mark. */
export function parseMark(text: string): Mark | null {
  const found = TEXT.exec(text);
  if (!found) return null;
  const [, base, seq = base, place, outside = null] = found;
  const upTo = { seq: Number(seq), place: place === undefined ? WHOLE : Number(place) };
  return { base: Number(base), upTo, outside };
}
