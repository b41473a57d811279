import { ask } from '../api/client.ts';
import { readInParts } from '../api/in-parts.ts';
import { ComparedHistoryDocument } from '../generated/operations.ts';
import { type ComparedSession, commonLength, copiedLength } from './common.ts';

/** Messages that are compared at once. */
const PART = 200;
/** So much of each text is compared; of a longer one, the length, too. */
const TEXT_LENGTH = 2_000;

/**
 * How many messages two histories have in common, from their beginnings on. A fork says so itself: then it is enough to look at the end of
 * what was copied, and at what follows. Other histories are read until they differ. Null if one of them is gone.
 */
export async function readCommonLength(
  ids: readonly [string, string],
  signal: AbortSignal,
): Promise<number | null> {
  const readOf = async (id: string, start: number): Promise<ComparedSession | null> => {
    const sessions = await readInParts(start, PART, async (position, first) => {
      const variables = { id, position, first, textLength: TEXT_LENGTH };
      return (await ask(ComparedHistoryDocument, variables, signal)).session;
    });
    const last = sessions.at(-1);
    const nodes = sessions.flatMap((session) => session?.history.nodes ?? []);
    return last ? { ...last, history: { nodes } } : null;
  };
  const read = (start: number) => Promise.all(ids.map((id) => readOf(id, start)));
  const [a, b] = await read(0);
  if (!a || !b) return null;
  const copied = copiedLength(ids, [a, b]);
  let position = 0;
  if (copied > PART) {
    const [endOfA, endOfB] = await read(copied - PART);
    const equal = commonLength(endOfA?.history.nodes, endOfB?.history.nodes, copied - PART, PART);
    // Where it differs, one of them was rolled back since.
    if (equal === PART) position = copied;
  }
  for (;;) {
    const [partOfA, partOfB] = await read(position);
    if (!partOfA || !partOfB) return null;
    const left = Math.min(partOfA.historyLength, partOfB.historyLength) - position;
    const compared = Math.min(left, PART);
    const equal = commonLength(partOfA.history.nodes, partOfB.history.nodes, position, compared);
    position += equal;
    if (equal < PART) return position;
  }
}
