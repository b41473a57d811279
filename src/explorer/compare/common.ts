import type { ComparedHistoryQuery } from '../generated/operations.ts';

export type ComparedSession = NonNullable<ComparedHistoryQuery['session']>;
export type ComparedMessage = ComparedSession['history']['nodes'][number];

type Copy = Pick<ComparedSession, 'forkedFrom' | 'historyLength'>;

/** How many messages came with a fork of one from the other, or with forks of both from a third. */
export function copiedLength(
  [idOfA, idOfB]: readonly [string, string],
  [a, b]: readonly [Copy, Copy],
): number {
  const ofA = a.forkedFrom;
  const ofB = b.forkedFrom;
  let copied = 0;
  if (ofB?.sessionId === idOfA) copied = ofB.historyLength;
  else if (ofA?.sessionId === idOfB) copied = ofA.historyLength;
  else if (ofA && ofA.sessionId === ofB?.sessionId) copied = Math.min(ofA.historyLength, ofB.historyLength);
  return Math.min(copied, a.historyLength, b.historyLength);
}

/** How many of `count` positions from `start` on have equal messages. A damaged one equals a damaged one. */
export function commonLength(
  a: readonly ComparedMessage[] = [],
  b: readonly ComparedMessage[] = [],
  start: number,
  count: number,
): number {
  const ofA = new Map(a.map((entry) => [entry.position, contentOf(entry)]));
  const ofB = new Map(b.map((entry) => [entry.position, contentOf(entry)]));
  let equal = 0;
  while (equal < count && ofA.get(start + equal) === ofB.get(start + equal)) equal += 1;
  return equal;
}

const contentOf = ({ role, name, content, contentLength, toolCalls }: ComparedMessage) =>
  JSON.stringify([role, name, content, contentLength, toolCalls]);
