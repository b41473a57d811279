import { fsyncSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { syncEach, type ToSync } from './sync-files.ts';

/*
 * A thread that syncs many files: the thread that serves requests would come to the next one only once in a turn of its own, and
 * fall behind.
 */

parentPort!.postMessage(await syncEach(workerData as ToSync, fsyncSync));
