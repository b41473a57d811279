import type { SessionExistsError } from '../model/errors.ts';
import type { Archivals } from './archivals.ts';
import type { Fitter } from './fit.ts';
import type { Prices } from './prices.ts';
import type { SessionReport } from './report.ts';
import type { KeyedMessage, StoredSession, Target } from './target/target.ts';

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
  /** Sessions of the sources that the store does not take, by id, since their ids are taken. What is new beneath them is left out with them. */
  readonly leftOut: Map<string, SessionExistsError>;
  /** Messages that cost something and were taken out of one session, by key: a fork that is read later has them. */
  readonly moved: Map<string, KeyedMessage>;
  readonly archivals: Archivals;
}
