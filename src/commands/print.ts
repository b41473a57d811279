/**
 * Writes `chunks` to standard output, with backpressure. If the reader closes the pipe (`| head -1`), resolves without an error
 * and requests no more chunks.
 */
export async function print(chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
  // The callback of each write tells its error. Without a listener, the event would end the process.
  if (!process.stdout.listeners('error').includes(ignore)) process.stdout.on('error', ignore);
  try {
    for await (const chunk of chunks) await written(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

function ignore(): void {}

/** Resolves once `chunk` is handed to the system. */
function written(chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}
