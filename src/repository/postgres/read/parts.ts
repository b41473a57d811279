import type { Database } from '../connection/database.ts';
import type { Places } from '../rows/places.ts';

/** What reads work with. */
export interface ReadParts {
  readonly database: Database;
  readonly places: Places;
  /** False: nothing is searched. */
  readonly isSearched: boolean;
}
