/** Is it what `new Worker` throws where the system, or a container, allows no more threads? What it was to do is done without then. */
export function isWantOfThreads(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_INIT_FAILED';
}
