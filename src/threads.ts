import { type ResourceLimits, Worker } from 'node:worker_threads';

/**
 * Starts a worker thread with the module `name`, in the folder of the caller, whose `import.meta.url` is `beside`. Uses the `.ts`
 * file if the caller runs from source, else the built `.js` file. `resourceLimits` are those of Node.js. Throws synchronously if the system allows no more threads: see
 * `isOutOfThreads`.
 */
export function startThread(
  beside: string,
  name: string,
  workerData?: unknown,
  resourceLimits?: ResourceLimits,
): Worker {
  const extension = beside.endsWith('.ts') ? '.ts' : '.js';
  // A thread inherits the flags of the process. With `--input-type`, which belongs to a program passed as text, no thread can run a
  // file. Passing only the other flags is not possible either: a thread does not accept all flags.
  const isOfText = process.execArgv.some((flag) => flag.startsWith('--input-type'));
  return new Worker(new URL(`./${name}${extension}`, beside), {
    workerData,
    ...(resourceLimits && { resourceLimits }),
    ...(isOfText && { execArgv: [] }),
  });
}

/** True if `error` says that the system, or a container, allows no more threads. Callers then do the work without one. */
export function isOutOfThreads(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_INIT_FAILED';
}
