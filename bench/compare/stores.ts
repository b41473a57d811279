import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Progress } from '../../src/repository/observer.ts';
import { send } from '../measure/http-client.ts';
import type { ServeMessage } from '../process/serve.ts';
import { start } from '../process/start.ts';
import { checkRoom } from '../room.ts';
import { wholePlan } from '../stores/plan.ts';
import { isMade, makeStore, vouchForSync } from '../stores/prepare.ts';

const copy = promisify(execFile);
/** Milliseconds between two checks whether the search index is complete. */
const LOOK = 500;
const SEARCH_TIMEOUT = 900_000;

/**
 * Creates a data directory for each of `names` in `runDirectory`, since only one process can write to one: copies of a store that
 * is generated once in `directory`, with its indexes. Returns the paths.
 */
export async function prepareStores<Name extends string>(
  { directory, runDirectory }: { readonly directory: string; readonly runDirectory: string },
  size: number,
  names: readonly Name[],
  report: Progress,
): Promise<{ readonly [name in Name]: string }> {
  const plan = wholePlan(size);
  const made = join(directory, plan.name);
  const isThere = isMade(made, plan);
  checkRoom(
    directory,
    [...(isThere ? [] : [plan]), ...names.map(() => plan)],
    'Name another directory with --dir, or less with --size.',
  );
  if (!isThere) makeStore(made, plan, report);
  await buildIndexes(made, report);
  vouchForSync(made);
  const copies: Partial<Record<Name, string>> = {};
  for (const [n, name] of names.entries()) {
    report('Copying the store', n, names.length);
    copies[name] = await copyOf(made, join(runDirectory, name));
  }
  // Otherwise the system's pending writes would disturb the next measurement.
  await copy('sync', []);
  return copies as { readonly [name in Name]: string };
}

async function copyOf(from: string, to: string): Promise<string> {
  mkdirSync(to, { recursive: true });
  // Copied with mtimes: by these the store knows that its index is current.
  await copy('cp', ['-pR', `${from}/.`, to]);
  return to;
}

async function buildIndexes(directory: string, report: Progress): Promise<void> {
  report('Building the indexes', 0, 0);
  const server = await start<ServeMessage & { url: string }>('process/serve.ts', directory);
  try {
    const started = performance.now();
    while (performance.now() - started < SEARCH_TIMEOUT) {
      const query = '{ searchMessages(query: "offer", first: 1) { isComplete } }';
      const { searchMessages } = await send<{ searchMessages: { isComplete: boolean } }>(
        server.message.url,
        query,
      );
      if (searchMessages.isComplete) return;
      await sleep(LOOK);
    }
    throw new Error(`${directory}: expected the search index to be complete within ${SEARCH_TIMEOUT} ms.`);
  } finally {
    await server.stop();
  }
}
