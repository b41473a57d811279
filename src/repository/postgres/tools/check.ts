import type { Logger } from '../../observer.ts';
import { Database } from '../connection/database.ts';
import { reachDatabase } from '../connection/database-start.ts';
import type { Queries } from '../connection/queries.ts';
import { requireTables } from '../migrations/migrate.ts';
import { CHECKS, type Check } from './checks.ts';

/** A fault that a check found. `path` is the id of the session. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

/** What `checkDatabase` found, with the counts of what it looked at. */
export interface CheckReport {
  readonly sessionCount: number;
  readonly messageCount: number;
  readonly problems: readonly Problem[];
}

/** Sessions that are named for each check. */
const FAULTS_A_CHECK_MAX = 100;

/** What the checks see is one moment: a mutation that is committed meanwhile is seen by none of them. */
const ONE_MOMENT = 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY';

/**
 * Compares each number of the store with what it follows from. Changes nothing, and may run beside servers. Reads all rows, and so takes
 * minutes for a large store. Rejects with a DatabaseUnusableError or a TablesVersionError.
 */
export async function checkDatabase(url: string, logger: Logger): Promise<CheckReport> {
  const database = new Database({ url, connections: 1, prepare: false, logger });
  try {
    await reachDatabase(database, url);
    await requireTables(database);
    return await database.transaction(async (queries) => {
      queries.send(ONE_MOMENT);
      const [counts] = await queries.rows<{ sessions: number; messages: number }>(
        'SELECT count(*) AS sessions, coalesce(sum(message_count), 0)::int8 AS messages FROM sessions',
      );
      const problems: Problem[] = [];
      for (const check of CHECKS) problems.push(...(await problemsOf(queries, check)));
      return { sessionCount: counts!.sessions, messageCount: counts!.messages, problems };
    });
  } finally {
    await database.close();
  }
}

async function problemsOf(queries: Queries, { name, sql }: Check): Promise<Problem[]> {
  const found = await queries.rows<{ id: string; fault: string }>(`${sql} LIMIT ${FAULTS_A_CHECK_MAX + 1}`);
  const problems = found
    .slice(0, FAULTS_A_CHECK_MAX)
    .map(({ id, fault }) => ({ path: id, reason: `${fault} (${name})` }));
  if (found.length > FAULTS_A_CHECK_MAX)
    problems.push({ path: name, reason: `more than ${FAULTS_A_CHECK_MAX} sessions; these are some of them` });
  return problems;
}
