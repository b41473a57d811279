import type { z } from 'zod';
import { customIssue } from './input-fault.ts';

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
