import type { Session } from '../../../model/session.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** Each session's ancestors, root first, as `make` creates them. Sessions with the same parent share one list. */
export function* ancestorsOf(
  tables: IndexTables,
  ids: readonly string[],
  make: (row: SessionRow) => Session,
): Steps<Session[][]> {
  const beneath = new Map<number, Session[]>();
  const found: Session[][] = [];
  for (const id of ids) {
    const missing: SessionRow[] = [];
    let known: Session[] | undefined;
    let next = tables.sessions.row(id)?.parentSequence ?? null;
    const parent = next;
    while (next !== null) {
      known = beneath.get(next);
      if (known) break;
      const row: SessionRow = tables.sessions.rowAt(next)!;
      missing.push(row);
      next = row.parentSequence;
      yield 0;
    }
    const path = known ? [...known] : [];
    for (const row of missing.reverse()) {
      path.push(make(row));
      yield 0;
    }
    if (parent !== null) beneath.set(parent, path);
    found.push(path);
  }
  return found;
}
