import { once } from 'node:events';
import { isOutOfThreads, startThread } from '../threads.ts';
import { buildGraphiQLFiles, type GraphiQLFiles } from './graphiql-files.ts';

/**
 * The files of GraphiQL, to be served at `path`. A worker thread makes them, which takes about a second: meanwhile the server goes on
 * answering. The memory that this takes, many times the size of the files, is freed with the thread.
 */
export async function loadGraphiQL(path: string): Promise<GraphiQLFiles> {
  try {
    const [files] = await once(startThread(import.meta.url, 'graphiql-worker', path), 'message');
    return files as GraphiQLFiles;
  } catch (error) {
    if (!isOutOfThreads(error)) throw error;
    return buildGraphiQLFiles(path);
  }
}
