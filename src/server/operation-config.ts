import type { TracingConfig } from './tracing/tracing-config.ts';

/** How a server is operated: what it reports, and what stands in front of it. */
export interface OperationConfig {
  /** Null for no metrics; a port of the loopback, or `main` for the port of the API. */
  readonly metrics: 'main' | number | null;
  /** Null for no audit; `log`, or the path of a file. */
  readonly audit: string | null;
  /** Null for no traces. */
  readonly tracing: TracingConfig | null;
  /** Addresses and networks whose X-Forwarded headers count. */
  readonly trustedProxies: readonly string[];
  /** The path under which a proxy has the server: starts with a slash, and has none at its end. Empty: the root. */
  readonly basePath: string;
}

/** The value of `audit` for lines in the log. */
export const AUDIT_TO_LOG = 'log';
