import { readLines } from '../lines.ts';
import { parseRolloutLine, type RolloutLine } from './rollout-line.ts';

/** How far two rollouts say the same. */
export interface CopiedLines {
  /** The last line of the fork that is the origin's, too; 0: none. */
  readonly throughLine: number;
  /** The same line in the origin. */
  readonly originLine: number;
  /** True if both go on behind it: the copy does not grow with the origin. */
  readonly hasDiverged: boolean;
}

/**
 * How many lines of a fork were copied from its origin. Before 0.171, the whole history is copied, with new times: the copy ends with the
 * first line that says something else than the origin's.
 */
export async function copiedLines(forkPath: string, originPath: string): Promise<CopiedLines> {
  const fork = contents(forkPath);
  const origin = contents(originPath);
  let copied = { throughLine: 0, originLine: 0, hasDiverged: false };
  try {
    for (;;) {
      const [one, other] = [await fork.next(), await origin.next()];
      if (one.done || other.done) return copied;
      if (!isSame(one.value, other.value)) return { ...copied, hasDiverged: true };
      copied = { ...copied, throughLine: one.value.number, originLine: other.value.number };
    }
  } finally {
    await fork.return(undefined);
    await origin.return(undefined);
  }
}

/** The lines but `session_meta`, of which the fork has one more. */
async function* contents(path: string): AsyncGenerator<RolloutLine, undefined, undefined> {
  for await (const lines of readLines(path)) {
    for (const line of lines) {
      const parsed = parseRolloutLine(line);
      if (parsed && parsed.type !== 'session_meta') yield parsed;
    }
  }
}

function isSame(one: RolloutLine, other: RolloutLine): boolean {
  const said = ({ payload, rest }: RolloutLine) => JSON.stringify([payload, rest?.payload]);
  return one.type === other.type && said(one) === said(other);
}
