import { parentPort, workerData } from 'node:worker_threads';
import { buildGraphiQLFiles } from './graphiql-files.ts';

/*
 * The worker thread of `loadGraphiQL`: it makes the files and exits.
 */

parentPort!.postMessage(await buildGraphiQLFiles(workerData as string));
