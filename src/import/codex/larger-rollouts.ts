import { type LargerFiles, largerFiles } from '../larger-files.ts';
import { readLines } from '../lines.ts';
import type { RolloutFile } from './rollout-file.ts';

/** Of several rollouts of one thread, that with the most lines, compressed or not. */
export async function largerRollouts(rollouts: readonly RolloutFile[]): Promise<LargerFiles<RolloutFile>> {
  const sizes = new Map<RolloutFile, number>();
  for (const same of Map.groupBy(rollouts, ({ id }) => id).values())
    if (same.length > 1) for (const rollout of same) sizes.set(rollout, await uncompressedBytes(rollout));
  return largerFiles(
    rollouts,
    ({ id }) => id,
    (rollout) => sizes.get(rollout) ?? rollout.bytes,
  );
}

/** A rollout that has been compressed can be there in both forms for a moment. */
export function isPackedFormOf(packed: RolloutFile, { path }: RolloutFile): boolean {
  return packed.path === `${path}.zst`;
}

async function uncompressedBytes({ path, bytes }: RolloutFile): Promise<number> {
  if (!path.endsWith('.zst')) return bytes;
  let end = 0;
  try {
    for await (const lines of readLines(path))
      for (const line of lines) end = line.offset + (line.bytes?.length ?? 0) + 1;
  } catch {
    // If this is the larger one nevertheless, the import that reads it says what is wrong.
  }
  return end;
}
