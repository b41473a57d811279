import type { Durability } from '../repository/files/runtime/options.ts';
import type { PostgresOptions } from '../repository/postgres/options.ts';
import type { AuthConfig } from './auth/auth-config.ts';
import type { OperationConfig } from './operation-config.ts';
import type { ServerSettings } from './settings.ts';

/** Formats of the log: text for people, or JSON lines for programs. */
export const LOG_FORMATS = ['pretty', 'json'] as const;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** How a store in PostgreSQL is opened: what an operator says of it. */
export type DatabaseConfig = Required<
  Omit<PostgresOptions, 'limits' | 'logger' | 'onCommit' | 'mayBeUnfinished'>
>;

/** The checked options of `sessiontree serve`, with their defaults. */
export interface Config
  extends OperationConfig,
    Pick<ServerSettings, 'limits' | 'allowedHosts' | 'allowedOrigins'> {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
  /** How it is known who sends a request. */
  readonly auth: AuthConfig;
  /** Where the store is, unless it is in a database. */
  readonly dataDirectory: string;
  /** The database that the store is in, and how it is opened; null if it is in a data directory. */
  readonly database: DatabaseConfig | null;
  /** When a write is answered; see `FileRepositoryOptions`. */
  readonly durability: Durability;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat: (typeof LOG_FORMATS)[number];
}
