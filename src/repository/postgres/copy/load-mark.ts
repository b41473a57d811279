import { LoadRefusedError } from '../../dump.ts';
import type { Queries } from '../connection/queries.ts';

/** The row of `meta` that names the store that is copied into this one, until all of it is there. */
const OF_MARK = "key = 'loading'";

const SELECT_MARK = `SELECT value FROM meta WHERE ${OF_MARK}`;
const LOCK_MARK = `${SELECT_MARK} FOR UPDATE`;
const INSERT_MARK = "INSERT INTO meta (key, value) VALUES ('loading', $1::text)";
const DELETE_MARK = `DELETE FROM meta WHERE ${OF_MARK}`;
const SELECT_ANY = 'SELECT EXISTS (SELECT 1 FROM ids) AS "isUsed"';

/** The id of the store of which this one is becoming a copy; null if there is none. */
export async function sourceOfLoad(queries: Queries): Promise<string | null> {
  const [mark] = await queries.rows<{ value: string }>(SELECT_MARK);
  return mark?.value ?? null;
}

/** Sets the mark, in a transaction, unless it is there. Rejects with a LoadRefusedError if the store is not empty, or has another mark. */
export async function beginLoad(queries: Queries, source: string): Promise<void> {
  // Two loads that begin at once: one waits for the other, and finds its mark.
  await queries.rows('LOCK TABLE meta IN SHARE ROW EXCLUSIVE MODE');
  const found = await sourceOfLoad(queries);
  if (found === source) return;
  if (found !== null) throw LoadRefusedError.unfinished();
  const [{ isUsed }] = (await queries.rows<{ isUsed: boolean }>(SELECT_ANY)) as [{ isUsed: boolean }];
  if (isUsed) throw LoadRefusedError.notEmpty();
  await queries.rows(INSERT_MARK, [source]);
}

/** Keeps other loads from writing until the transaction ends. Rejects with a LoadRefusedError if another one has ended this load. */
export async function lockLoad(queries: Queries, source: string): Promise<void> {
  const [mark] = await queries.rows<{ value: string }>(LOCK_MARK);
  if (mark?.value !== source) throw LoadRefusedError.notEmpty();
}

/** Removes the mark: all is there. */
export async function endLoad(queries: Queries): Promise<void> {
  await queries.rows(DELETE_MARK);
}
