import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { print } from './print.ts';

/**
 * Writes `chunks` to the file at `path`, or to standard output if that is undefined. A file appears, or takes the place of an earlier one, once it is
 * complete and on the disk. A named pipe, or a device, is written to as it is.
 */
export async function writeOutput(path: string | undefined, chunks: AsyncIterable<string>): Promise<void> {
  if (path === undefined) return print(chunks);
  const earlier = await stat(path).catch(() => null);
  if (earlier && !earlier.isFile()) return writeFile(path, chunks);
  // A link stays a link: what it names is replaced.
  const target = earlier ? await realpath(path) : path;
  const unfinished = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, chunks);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function writeFile(path: string, chunks: AsyncIterable<string>): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    if ((await handle.stat()).isFile()) await handle.sync();
  } finally {
    await handle.close();
  }
}
