import type { SessionFilter } from '../../../model/session.ts';
import { SessionLists } from '../index/session-lists.ts';
import { IndexTables } from '../index/tables.ts';
import type { WorkerQuery } from './protocol.ts';
import type { Readers } from './readers.ts';
import type { Work } from './work.ts';

/** Sequence numbers of sessions; null: all sessions. */
export type Sessions = ReadonlySet<number> | null;

/**
 * Finds the sessions that searches are limited to, in the turns of a search. It reads on connections of its own: an open read on the
 * connection that indexes would keep that on an old snapshot.
 */
export class Scope {
  readonly #readers: Readers;

  /** `readers` are of the store's index. */
  constructor(readers: Readers) {
    this.#readers = readers;
  }

  /** The session `within`, and its descendants if they are searched too. */
  async within({ within, subtree }: Pick<WorkerQuery, 'within' | 'subtree'>, work: Work): Promise<Sessions> {
    if (within === null) return null;
    return this.#readers.use(null, async ({ statements }) => {
      const beneath = new Set<number>();
      for (const { seq } of statements.iterate<{ seq: number }>(subtree ? SUBTREE : ALONE, within)) {
        beneath.add(seq);
        work.walk(1);
        if (work.isDue) await work.rest();
      }
      return beneath;
    });
  }

  /** The sessions that match. */
  async matching(filter: SessionFilter | null, work: Work): Promise<Sessions> {
    if (filter === null) return null;
    return this.#readers.use(null, async ({ database }) => {
      const steps = new SessionLists(new IndexTables(database, 0)).sequences(filter);
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
        work.walk(step.value);
        if (work.isDue) await work.rest();
      }
    });
  }
}

export function inBoth(one: Sessions, other: Sessions): Sessions {
  return one && other ? new Set(one).intersection(other) : (one ?? other);
}

const ALONE = 'SELECT seq FROM sessions WHERE id = ?';

const SUBTREE = `
  WITH RECURSIVE beneath (seq) AS (
    SELECT seq FROM sessions WHERE id = ?
    UNION ALL SELECT c.seq FROM beneath b JOIN sessions c ON c.parent_seq = b.seq
  ) SELECT seq FROM beneath`;
