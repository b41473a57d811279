import type { Limits } from '../../model/limits.ts';
import type { Logger } from '../observer.ts';

/** How a store in PostgreSQL is opened. */
export interface PostgresOptions {
  /** As `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** As in `FileRepositoryOptions`. */
  readonly limits?: Partial<Limits>;
  readonly logger?: Logger;
  /** Told of each committed mutation: how many milliseconds it took until it could be answered. Must not throw. */
  readonly onCommit?: ((milliseconds: number) => void) | null;
  /** Connections that are kept at most. Default: 16. */
  readonly connections?: number;
  /**
   * False: no prepared statements, for a proxy that hands out a connection for each transaction, as pgbouncer does. Changes through other
   * instances are then found only by polling, once a second, unless `listenUrl` leads past the proxy. Default: true.
   */
  readonly prepare?: boolean;
  /** Where the notices of other instances come from. Default: `url`, or nowhere if `prepare` is false. */
  readonly listenUrl?: string | null;
  /** False: the tables must be those of this version already. Default: true. */
  readonly migrate?: boolean;
  /** True: also a store that is an unfinished copy of another one (`SessionStore.load`), to go on with that. Default: false. */
  readonly mayBeUnfinished?: boolean;
  /** Into how many partitions new tables are divided by `home`; 0 for none. Only matters for an empty database. Default: 0. */
  readonly partitions?: number;
  /** False: nothing is searched, and no text is indexed. Default: true. */
  readonly search?: boolean;
  /** Days that operations are kept, and can be asked for again; null for ever. Default: null. */
  readonly operationDays?: number | null;
}
