import { Worker } from 'node:worker_threads';

/**
 * Starts a thread with the module `name`, which lies beside that of the caller, whose `import.meta.url` is `beside`: the source, or
 * what was built of it, as the caller is. Throws at once, as `isWantOfThreads` tells, where there can be no more threads.
 */
export function startThread(beside: string, name: string, workerData?: unknown): Worker {
  const extension = beside.endsWith('.ts') ? '.ts' : '.js';
  // Of a program that was handed to Node as text, it says what that is: a thread with a file does not start with it.
  const execArgv = process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
  return new Worker(new URL(`./${name}${extension}`, beside), { workerData, execArgv });
}

/** Is it what is thrown where the system, or a container, allows no more threads? What one was to do is done without it then. */
export function isWantOfThreads(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_INIT_FAILED';
}
