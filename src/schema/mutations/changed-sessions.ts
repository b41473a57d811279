import type { Session } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear, findSession, type SchemaContext } from '../context.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { badUserInput } from '../request-error.ts';

/** The argument of a list in a payload that is not paged. */
export function firstArgument() {
  return builder.args((t) => ({
    first: t.int({ description: 'The maximum number, from the start of the list. Default: all.' }),
  }));
}

/** For `argumentRules`: checked before the mutation is executed. */
export function checkFirst({ first }: { readonly first?: number | null }): void {
  if (first != null && first < 0) throw badUserInput(`first: expected 0 or more, got ${first}.`);
}

/** The size of a batch, in sessions. Others have a turn after each that took long: one archival can change all sessions of a tree. */
const BATCH = 1_000;

/** The `first` of the sessions with these ids, as they are now. Those that are gone are left out. */
export async function changedSessions(
  context: SchemaContext,
  ids: readonly string[],
  first: number | null | undefined,
): Promise<readonly MaybePromise<Session>[]> {
  checkFirst({ first });
  const shown = ids.slice(0, first ?? ids.length);
  context.budget.chargeObjects(shown.length);
  const sessions: (Session | null)[] = [];
  for (let n = 0; n < shown.length; n += BATCH) {
    if (n > 0) await context.turns.rest();
    const batch = shown.slice(n, n + BATCH);
    sessions.push(...(await Promise.all(batch.map((id) => findSession(context, id)))));
  }
  context.budget.chargeObjects(-shown.length);
  return context.turns.paced(
    sessions.filter((session) => session !== null).map((session) => appear(context, session)),
  );
}
