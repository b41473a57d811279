import { SessionNotFoundError } from '../model/errors.ts';
import type { Session } from '../model/session.ts';
import type { SessionReader } from '../repository/repository.ts';

const SESSIONS_A_PAGE = 1_000;

/**
 * The sessions with these ids, in this order, without those that are beneath another of them. Rejects with a SessionNotFoundError for an id that no
 * session has.
 */
export async function topsOf(reader: SessionReader, ids: readonly string[]): Promise<Session[]> {
  const wanted = [...new Set(ids)];
  const found = await reader.findMany(wanted);
  const missing = wanted.find((_, n) => found[n] === null);
  if (missing !== undefined) throw new SessionNotFoundError(missing);
  const ancestors = await reader.ancestorsOf(wanted);
  const among = new Set(wanted);
  return found.filter((_, n) => !ancestors[n]!.some(({ id }) => among.has(id))) as Session[];
}

/** All trees of the store, in the order in which their roots were created. */
export function allTops(reader: SessionReader): AsyncIterable<Session> {
  return { [Symbol.asyncIterator]: () => rootsOf(reader) };
}

async function* rootsOf(reader: SessionReader): AsyncGenerator<Session> {
  const filter = { rootsOnly: true, archived: 'INCLUDE' } as const;
  const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
  let after: { time: number; sequence: number } | undefined;
  for (let more = true; more; ) {
    const page = await reader.list(filter, order, { limit: SESSIONS_A_PAGE, from: 'start', after });
    yield* page.items;
    const last = page.items.at(-1);
    after = last && { time: last.createdAt.getTime(), sequence: last.sequence };
    more = page.hasMore && last !== undefined;
  }
}
