import type { Worker } from 'node:worker_threads';
import { isOutOfThreads, startThread } from '../../../threads.ts';
import { openDatabase } from './open-database.ts';

/** Writes the database `path` anew, in a thread if one can run. */
export async function vacuumInThread(path: string): Promise<void> {
  let worker: Worker;
  try {
    worker = startThread(import.meta.url, 'vacuum-worker', path);
  } catch (error) {
    if (!isOutOfThreads(error)) throw error;
    vacuum(path);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

export function vacuum(path: string): void {
  const database = openDatabase(path);
  try {
    database.exec('PRAGMA secure_delete = ON; VACUUM');
  } finally {
    database.close();
  }
}
