import type { z } from 'zod';
import { customIssue } from './input-fault.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** Rules between the members of an input. */

/** A session that may be there already is looked for by its id or its key. */
export function refuseUnnamed(
  {
    id,
    key,
    ifExists,
  }: {
    readonly id?: string | null | undefined;
    readonly key?: string | null | undefined;
    readonly ifExists?: 'ERROR' | 'RETURN' | null | undefined;
  },
  context: z.RefinementCtx,
): void {
  if (ifExists !== 'RETURN' || id != null || key != null) return;
  context.addIssue(
    customIssue({ expected: 'an "id" or a "key" beside RETURN', got: 'neither' }, ['ifExists']),
  );
}

/** Two messages of one write cannot have the same key. */
export function refuseSameKeys(
  messages: readonly { readonly key?: string | null | undefined }[],
  context: z.RefinementCtx,
): void {
  const first = new Map<string, number>();
  for (const [n, { key }] of messages.entries()) {
    if (key == null) continue;
    const before = first.get(key);
    if (before === undefined) first.set(key, n);
    else
      context.addIssue(
        customIssue(
          { expected: 'a key that no other message of the input has', got: `that of message ${before}` },
          [n, 'key'],
        ),
      );
  }
}

/** A key is changed in one way: as part of a merge patch, or as a whole. Only the first key that both name is an issue. */
export function refuseSetTwice(
  {
    metadata,
    setMetadata,
  }: {
    readonly metadata?: JsonObject | null | undefined;
    readonly setMetadata?: JsonObject | null | undefined;
  },
  context: z.RefinementCtx,
): void {
  if (!isJsonObject(metadata) || !isJsonObject(setMetadata)) return;
  const key = Object.keys(setMetadata).find((each) => Object.hasOwn(metadata, each));
  if (key === undefined) return;
  const fault = {
    expected: 'a key that "metadata" does not name',
    got: 'one that it names',
    advice: 'Name each key in one of them',
  };
  context.addIssue(customIssue(fault, ['setMetadata', key]));
}

/** A call of a draft gives all of its content, or what is added to it. */
export function refuseTwoContents(
  {
    content,
    delta,
  }: { readonly content?: string | null | undefined; readonly delta?: string | null | undefined },
  context: z.RefinementCtx,
): void {
  if (content == null || delta == null) return;
  context.addIssue(customIssue({ expected: 'either "content" or "delta"', got: 'both' }, ['delta']));
}

interface Write {
  readonly sessionId?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly create?:
    | { readonly parentId?: string | null | undefined; readonly parentKey?: string | null | undefined }
    | null
    | undefined;
  readonly keep?: number | null | undefined;
  readonly keepThroughKey?: string | null | undefined;
  readonly dropLast?: number | null | undefined;
}

/** A write names one session, one parent at most, and one end of the history at most. */
export function refuseUnclearWrite(write: Write, context: z.RefinementCtx): void {
  const { sessionId, key, create } = write;
  if ((sessionId == null) === (key == null)) {
    const expected = 'the session by "sessionId" or by "key"';
    context.addIssue(customIssue({ expected, got: key == null ? 'neither' : 'both' }, ['sessionId']));
  }
  if (create?.parentId != null && create.parentKey != null) {
    const fault = { expected: 'the parent by "parentId" or by "parentKey"', got: 'both' };
    context.addIssue(customIssue(fault, ['create', 'parentKey']));
  }
  const ends = (['keep', 'keepThroughKey', 'dropLast'] as const).filter((member) => write[member] != null);
  if (ends.length > 1) {
    const fault = {
      expected: 'at most one of "keep", "keepThroughKey" and "dropLast"',
      got: ends.map((member) => `"${member}"`).join(' and '),
    };
    context.addIssue(customIssue(fault, [ends[1]!]));
  }
}

/** A destination must be explicit: a client's undefined variable must not turn a session into a root. */
export function destinationIssue({
  parentId,
  asRoot,
}: {
  readonly parentId?: string | null | undefined;
  readonly asRoot?: boolean | null | undefined;
}) {
  if (parentId != null && asRoot)
    return customIssue(
      { expected: 'either "parentId" or "asRoot: true"', got: 'both', advice: 'Leave one of them out' },
      ['asRoot'],
    );
  if (parentId == null && !asRoot)
    return customIssue(
      { expected: 'the id of the new parent, or "asRoot: true" for a tree of its own', got: 'neither' },
      ['parentId'],
    );
  return null;
}

/** What belongs to an answer must come with one: else its cost would be lost. */
export function* responseIssues(send: {
  readonly response?: string | null | undefined;
  readonly usage?: unknown;
  readonly model?: unknown;
}) {
  if (send.response != null) return;
  for (const member of ['usage', 'model'] as const) {
    if (send[member] != null)
      yield customIssue({ expected: 'a "response" that it belongs to', got: 'none' }, [member]);
  }
}
