import { afterAll } from 'vitest';
import { spawnServer } from './spawn-server.ts';

/**
 * Starts `sessiontree serve` with an empty data directory, and resolves with the URL of its API. Call at the top level of a test file, or of a
 * `describe`, where vitest still takes an `afterAll`: server and data are gone after its tests.
 */
export async function startServer(args: readonly string[] = []): Promise<string> {
  const { url, stop } = await spawnServer(args);
  afterAll(stop);
  return url;
}
