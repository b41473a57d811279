import { type NamedMessages, namesBetween } from '../../records/named-messages.ts';
import { NONE_TAKEN_OVER, NOTHING_PAID } from '../../records/paid.ts';
import type { Drop } from '../../records/restored-records.ts';
import type { Applied, MessageLocation } from '../../records/session-state.ts';
import type { IndexWriter } from '../index/writer.ts';

/** Messages inserted into the index between two yields: some milliseconds of work. */
export const MESSAGES_AT_ONCE_MAX = 1_000;

/**
 * Adds a new session whose history was written with it. `applied` is the session at the end of its file, without the messages. `drops` are
 * the truncations among these, in order.
 */
export function* insertCopy(
  writer: IndexWriter,
  { state, effects }: Applied,
  mtime: number,
  messages: readonly MessageLocation[],
  names: NamedMessages,
  drops: readonly Drop[] = [],
): Generator<void, void> {
  const { sequence } = state;
  writer.insertSession(state, mtime);
  writer.linkOrphansOf(state.id);
  writer.addEffects(sequence, { ...effects, takenOver: NONE_TAKEN_OVER });
  const others = { ...effects, operation: null, paid: NOTHING_PAID, takenOver: NONE_TAKEN_OVER };
  const ends = [...drops, { after: messages.length, from: null }];
  let from = 0;
  for (const drop of ends) {
    while (from < drop.after) {
      yield;
      const some = messages.slice(from, Math.min(drop.after, from + MESSAGES_AT_ONCE_MAX));
      const named = namesBetween(names, some[0]!.ordinal, some.at(-1)!.ordinal + 1);
      writer.addEffects(sequence, { ...others, messages: some, ...named });
      from += some.length;
    }
    if (drop.from !== null) writer.addEffects(sequence, { ...others, truncatedTo: drop.from });
  }
  if (effects.takenOver.length > 0) writer.addEffects(sequence, { ...others, takenOver: effects.takenOver });
}
