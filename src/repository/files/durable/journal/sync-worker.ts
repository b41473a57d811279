import { fsyncSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type Syncing, syncEach } from './sync-files.ts';

/* A thread that syncs many files. The main thread would start only one sync per turn, and fall behind. */

parentPort!.postMessage(await syncEach(workerData as Syncing, fsyncSync));
