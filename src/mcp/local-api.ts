import { DataDirectoryInUseError } from '../repository/files/disk/lock.ts';
import { openSnapshot } from '../repository/files/open-snapshot.ts';
import type { Logger, Progress } from '../repository/observer.ts';
import { openStore } from '../repository/open-store.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { isDatabase } from '../repository/store-place.ts';
import { createSessiontreeYoga } from '../server/yoga.ts';
import { LatestSnapshot } from './latest-snapshot.ts';

/** The API of a store that this process has opened, without a socket. */
export interface LocalApi {
  /** For the client: answers requests to `LOCAL_URL`. */
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

export interface LocalApiOptions {
  /** False: a data directory is neither changed nor locked. */
  readonly isWritable: boolean;
  readonly logger: Logger;
  readonly onProgress: Progress;
}

/** Nothing is sent there: the client needs some URL, whose host the API accepts. */
export const LOCAL_URL = 'http://localhost/graphql';

/**
 * Opens the store at a place, which is a data directory or the URL of a database. Rejects as `openStore` and `openSnapshot` do; among others with
 * a DataDirectoryInUseError.
 */
export async function openLocalApi(place: string, options: LocalApiOptions): Promise<LocalApi> {
  const { isWritable, logger, onProgress } = options;
  if (!isWritable && !isDatabase(place)) return openSnapshots(place, options);
  const store = await openStore(place, { logger, onProgress, database: { migrate: false } });
  return { fetch: fetchOf(store, logger), close: () => store.close() };
}

function fetchOf(repository: SessionRepository, logger: Logger): typeof globalThis.fetch {
  return createSessiontreeYoga({ repository, logger }).fetch as typeof globalThis.fetch;
}

/** The API of snapshots of a data directory: of another one, once a server has run there. While one runs, requests are refused. */
async function openSnapshots(directory: string, { logger, onProgress }: LocalApiOptions): Promise<LocalApi> {
  const snapshots = await LatestSnapshot.open(async () => {
    const snapshot = await openSnapshot({ directory, logger, onProgress });
    return { ...snapshot, fetch: fetchOf(snapshot.repository, logger) };
  }, logger);
  return {
    async fetch(url, init) {
      try {
        // No tool subscribes: once there is a response, its body needs nothing of the snapshot.
        return await snapshots.use(({ fetch }) => fetch(url, init));
      } catch (error) {
        if (!(error instanceof DataDirectoryInUseError)) throw error;
        return refusal(withAdvice(error));
      }
    },
    close: () => snapshots.close(),
  };
}

/** What to do about a data directory that another process has open. */
export function withAdvice({ message }: DataDirectoryInUseError): string {
  return `${message} If that is a server, read from it: --url http://127.0.0.1:4000/graphql in the place of --data.`;
}

function refusal(message: string): Response {
  return Response.json(
    { errors: [{ message, extensions: { code: 'DATA_DIRECTORY_IN_USE' } }] },
    { status: 409 },
  );
}
