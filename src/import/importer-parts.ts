import type { Archivals } from './archivals.ts';
import type { Fitter } from './fit.ts';
import type { Prices } from './prices.ts';
import type { SessionReport } from './report.ts';
import type { StoredSession, Target } from './target/target.ts';

/** What all sessions of an import share. */
export interface ImporterParts {
  readonly target: Target;
  readonly fitter: Fitter;
  readonly prices: Prices | null;
  readonly report: SessionReport;
  /** The user of new roots. */
  readonly userId: string | null;
  /** The sessions that the store has, by id: grows as sessions are written. */
  readonly stored: Map<string, StoredSession>;
  /** The ids of all sessions of the sources, also of those that are not asked for. */
  readonly surveyed: ReadonlySet<string>;
  /** The ids of sessions of the sources that were deleted in the store: grows as they are found. */
  readonly deletedHere: Set<string>;
  readonly archivals: Archivals;
}
