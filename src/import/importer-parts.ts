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
  /** Sessions to archive once all are written, since an archived session takes no messages and no children. */
  readonly toArchive: Map<string, Date>;
}
