import type { SessionFilter } from '../../../model/session.ts';
import { filterWithin } from './in-sight.ts';
import type { HalfFilter } from './list-conditions.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** Filters that together let pass what `filter` does, each session once; none if no session can pass. */
export function* halvesOf(tables: IndexTables, filter: SessionFilter): Steps<HalfFilter[]> {
  const translated = yield* filterWithin(tables, filter);
  if (!translated) return [];
  return ownersHalves(translated, () => tables.guests.isEmpty()).flatMap(archivalHalves);
}

/**
 * The sessions of an owner are found by their user, and the guests in the owner's trees by a table of their own. Where all sessions of a
 * user must be the owner's, nothing else is to be compared.
 */
function ownersHalves(filter: SessionFilter, isWithoutGuests: () => boolean): Omit<HalfFilter, 'archived'>[] {
  const { sight, rootsOnly, userId } = filter;
  // The sessions beneath one are found by its tree. Those of nobody have no table of their own.
  if (!sight || sight.ownerId == null || sight.withinId !== null) return [filter];
  const { ownerId } = sight;
  const isOwnersAlone = rootsOnly === true || isWithoutGuests();
  const own = { ...filter, userId: ownerId, sight: isOwnersAlone ? null : sight };
  return [
    ...(userId == null || userId === ownerId ? [own] : []),
    ...(isOwnersAlone ? [] : [{ ...filter, guestsOf: ownerId }]),
  ];
}

function archivalHalves(filter: Omit<HalfFilter, 'archived'> & SessionFilter): HalfFilter[] {
  if (filter.archived !== 'INCLUDE') return [{ ...filter, archived: filter.archived ?? 'EXCLUDE' }];
  return [
    { ...filter, archived: 'EXCLUDE' },
    { ...filter, archived: 'ONLY' },
  ];
}
