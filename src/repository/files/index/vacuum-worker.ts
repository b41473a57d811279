import { workerData } from 'node:worker_threads';
import { vacuum } from './vacuum.ts';

/* The worker thread of `vacuumInThread`. */

vacuum(workerData as string);
