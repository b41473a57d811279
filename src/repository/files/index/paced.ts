import { Pace, STRETCH_MS } from '../runtime/pace.ts';
import { openDatabase } from './open-database.ts';
import { IndexTables } from './tables.ts';

/** Memory for changed pages, in KiB: what is left of them at the commit is written at once. */
const CACHE_KIB = 8_192;

/**
 * Runs `work` in one transaction on a connection of its own, resting at each `yield`; at once on this connection if the file can be
 * opened by no other.
 */
export async function writeAtPace<T>(
  tables: IndexTables,
  work: (tables: IndexTables) => Iterator<unknown, T>,
): Promise<T> {
  const { path, behind, isInPlace } = tables.connection;
  behind.commit();
  if (path === null || !isInPlace) return writeAtOnce(tables, work);
  const own = new IndexTables(openDatabase(path), 0);
  try {
    own.connection.tuneForWriting();
    own.connection.leaveLog('to a thread');
    own.connection.configure(`PRAGMA cache_size = -${CACHE_KIB}`);
    own.connection.configure('BEGIN IMMEDIATE');
    const result = await run(work(own));
    own.connection.configure('COMMIT');
    return result;
  } finally {
    own.connection.close();
    tables.changedElsewhere();
  }
}

function writeAtOnce<T>(tables: IndexTables, work: (tables: IndexTables) => Iterator<unknown, T>): T {
  let result!: T;
  tables.transaction(() => {
    const steps = work(tables);
    let step = steps.next();
    while (!step.done) step = steps.next();
    result = step.value;
  });
  return result;
}

async function run<T>(steps: Iterator<unknown, T>): Promise<T> {
  const pace = new Pace(STRETCH_MS);
  let step = steps.next();
  for (; !step.done; step = steps.next()) if (pace.isDue) await pace.rest();
  return step.value;
}
