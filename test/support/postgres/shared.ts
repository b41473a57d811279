import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The port on which the global setup tells of the PostgreSQL of the run. */
    postgresPort: number;
  }
}

let server: Promise<{ readonly url: string }> | undefined;

/** The PostgreSQL that all test files of a run share, started when the first one asks. Each file creates databases of its own there. */
export function sharedPostgres(): Promise<{ readonly url: string }> {
  server ??= askGlobalSetup();
  return server;
}

async function askGlobalSetup(): Promise<{ readonly url: string }> {
  const response = await fetch(`http://127.0.0.1:${inject('postgresPort')}`);
  if (!response.ok) throw new Error(await response.text());
  return { url: await response.text() };
}
