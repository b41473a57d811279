import { createHash } from 'node:crypto';
import { canonicalJson, isJsonObject } from './json.ts';

/**
 * Makes a mutation idempotent: the client's id for the mutation, and a fingerprint of its name and input. The same id with the same
 * fingerprint gets the first answer again; with another fingerprint it is a ConflictError.
 */
export interface Operation {
  readonly id: string;
  /** Whose operation it is: the ids of different callers are different operations. Left out: a caller who is not asked for a name. */
  readonly caller?: string | null;
  /** 32 lower-case hex digits. */
  readonly fingerprint: string;
  /**
   * The fingerprints that earlier versions recorded for the same input, if different. They make a retry after an upgrade recognisable.
   * Called only if the id is recorded with another fingerprint.
   */
  readonly earlierFingerprints?: () => readonly string[];
}

/** `input` is the validated input without its operationId; `mutation` is the mutation's name. */
export function operationOf(id: string, mutation: string, input: unknown): Operation {
  return { id, fingerprint: fingerprintOf(mutation, input) };
}

function fingerprintOf(mutation: string, input: unknown): string {
  const hash = createHash('sha256').update(`${mutation}\n${canonicalJson(input)}`);
  return hash.digest('hex').slice(0, 32);
}

/**
 * The operation of a mutation of the API. An input with explicit nulls and defaults and one without have the same fingerprint. So have
 * inputs that differ in `expectedVersion`: a client that reads the version again before a retry means the same mutation.
 */
export function operationOfInput(id: string, mutation: string, given: object): Operation {
  const input = withoutLaterDefaults(given);
  const { expectedVersion: _, ...rest } = input as { readonly expectedVersion?: unknown };
  const nulls = MEANINGFUL_NULLS[mutation];
  return {
    ...operationOf(id, mutation, withoutEmptyMembers(rest, nulls, defaultsOf(mutation, input))),
    earlierFingerprints: () => {
      const earlier = withEarlierNames(mutation, input);
      const forms = [withoutEmptyMembers(rest, nulls), withoutEmptyMembers(earlier, nulls), earlier];
      return forms.map((form) => fingerprintOf(mutation, form));
    },
  };
}

/** These defaults are no part of the fingerprint: earlier versions did not have the members. */
function withoutLaterDefaults(given: { readonly onKey?: unknown; readonly purge?: unknown }): object {
  const { onKey, purge, ...rest } = given;
  if (onKey !== 'ERROR' && purge !== false) return given;
  return {
    ...rest,
    ...(onKey !== undefined && onKey !== 'ERROR' && { onKey }),
    ...(purge === true && { purge }),
  };
}

/** The names that earlier versions had for members of an input. */
const EARLIER_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  updateSession: { sessionId: 'id' },
  deleteSession: { sessionId: 'id' },
  moveSession: { sessionId: 'id' },
  archiveSession: { sessionId: 'id' },
  unarchiveSession: { sessionId: 'id' },
  truncateHistory: { keep: 'length' },
};

function withEarlierNames(mutation: string, input: object): object {
  const names = EARLIER_NAMES[mutation];
  if (!names) return input;
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [names[name] ?? name, value]));
}

/** Members whose null has a meaning of its own. Any other null member means the same as leaving it out. */
const MEANINGFUL_NULLS: Readonly<Record<string, ReadonlySet<string>>> = {
  updateSession: new Set(['title', 'key', 'agentName', 'project', 'statusMessage']),
  writeHistory: new Set(['title', 'statusMessage']),
};

/** Members that hold objects with optional members. All other objects are data of the client, in which null is a value. */
const PARTS = new Set(['messages', 'usage', 'toolCalls', 'spawnedBy', 'create', 'forkedFrom']);

/** Members for which `{}` means the same as leaving them out. */
const METADATA = new Set(['metadata', 'setMetadata']);

/** The default of a list. */
const NO_ITEMS = [] as const;

/** The values of members that mean the same as leaving them out, in an input and its parts. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['messages', NO_ITEMS],
  ['dropLast', 0],
  ['toolCalls', NO_ITEMS],
  ['isError', false],
  ['isCopy', false],
  ['cacheReadTokens', 0],
  ['cacheWriteTokens', 0],
  ['reasoningTokens', 0],
]);
const DEFAULTS_OF_CREATIONS = new Map(DEFAULTS).set('status', 'IDLE');
/** Without `isCopy`, a copy that is already as given stays a copy. */
const DEFAULTS_OF_REPLACEMENTS = new Map([...DEFAULTS].filter(([name]) => name !== 'isCopy'));

function defaultsOf(mutation: string, { onKey }: { readonly onKey?: unknown }): ReadonlyMap<string, unknown> {
  if (onKey === 'REPLACE') return DEFAULTS_OF_REPLACEMENTS;
  return mutation === 'createSession' || mutation === 'spawnSession' ? DEFAULTS_OF_CREATIONS : DEFAULTS;
}

function isDefault(value: unknown, byDefault: unknown): boolean {
  return byDefault === NO_ITEMS ? Array.isArray(value) && value.length === 0 : value === byDefault;
}

/**
 * `input` without null and empty members, other than those nulls that are `kept`, and without `defaults`, if given; `input` itself if there
 * are none.
 */
function withoutEmptyMembers(
  input: object,
  kept?: ReadonlySet<string>,
  defaults?: ReadonlyMap<string, unknown>,
): object {
  let isSame = true;
  const members: [string, unknown][] = [];
  for (const [name, value] of Object.entries(input)) {
    if (value === null && !kept?.has(name)) {
      isSame = false;
    } else if (defaults?.has(name) && isDefault(value, defaults.get(name))) {
      isSame = false;
    } else if (METADATA.has(name) && isJsonObject(value) && Object.keys(value).length === 0) {
      isSame = false;
    } else {
      const meant = PARTS.has(name) ? partWithoutNothing(value, defaults) : value;
      isSame &&= meant === value;
      members.push([name, meant]);
    }
  }
  return isSame ? input : Object.fromEntries(members);
}

function partWithoutNothing(part: unknown, defaults?: ReadonlyMap<string, unknown>): unknown {
  const withoutNothing = (one: object) => withoutEmptyMembers(one, undefined, defaults);
  if (!Array.isArray(part)) return isJsonObject(part) ? withoutNothing(part) : part;
  const meant = part.map(withoutNothing);
  return meant.some((message, n) => message !== part[n]) ? meant : part;
}
