import { stat } from 'node:fs/promises';

/** Why `path` is not there, or not as it should be; null if it is. */
export async function pathFault(
  path: string,
  isRight: (found: Awaited<ReturnType<typeof stat>>) => boolean,
): Promise<string | null> {
  try {
    return isRight(await stat(path)) ? null : 'not a directory';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
