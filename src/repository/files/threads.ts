import { Worker } from 'node:worker_threads';

/**
 * Starts a thread with the module `name`, which lies beside that of the caller, whose `import.meta.url` is `beside`: the source, or
 * what was built of it, as the caller is. Throws at once, as `isWantOfThreads` tells, where there can be no more threads.
 */
export function startThread(beside: string, name: string, workerData?: unknown): Worker {
  const extension = beside.endsWith('.ts') ? '.ts' : '.js';
  // A thread takes over the flags of its program. Of one that was handed to Node as text they say what that is, with which no thread
  // starts that runs a file; and to name those that are left is not allowed for all flags.
  const isOfText = process.execArgv.some((flag) => flag.startsWith('--input-type'));
  return new Worker(new URL(`./${name}${extension}`, beside), {
    workerData,
    ...(isOfText && { execArgv: [] }),
  });
}

/** Is it what is thrown where the system, or a container, allows no more threads? What one was to do is done without it then. */
export function isWantOfThreads(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_INIT_FAILED';
}
