import type { Durability } from '../repository/files/runtime/options.ts';
import type { AuthConfig } from './auth/auth-config.ts';
import type { OperationConfig } from './operation-config.ts';
import type { ServerSettings } from './settings.ts';

/** Formats of the log: text for people, or JSON lines for programs. */
export const LOG_FORMATS = ['pretty', 'json'] as const;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** The checked options of `sessiontree serve`, with their defaults. */
export interface Config
  extends OperationConfig,
    Pick<ServerSettings, 'limits' | 'allowedHosts' | 'allowedOrigins'> {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
  /** How it is known who sends a request. */
  readonly auth: AuthConfig;
  readonly dataDirectory: string;
  /** When a write is answered; see `FileRepositoryOptions`. */
  readonly durability: Durability;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat: (typeof LOG_FORMATS)[number];
}
