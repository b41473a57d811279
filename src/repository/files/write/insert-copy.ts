import { type NamedMessages, namesBetween } from '../../records/named-messages.ts';
import { NOTHING_PAID } from '../../records/paid.ts';
import type { Applied, MessageLocation } from '../../records/session-state.ts';
import type { IndexWriter } from '../index/writer.ts';

/** Messages inserted into the index between two yields: some milliseconds of work. */
export const MESSAGES_AT_ONCE_MAX = 1_000;

/** Adds a new session whose history was written with it. `applied` is the session at the end of its file, without the messages. */
export function* insertCopy(
  writer: IndexWriter,
  { state, effects }: Applied,
  mtime: number,
  messages: readonly MessageLocation[],
  names: NamedMessages,
): Generator<void, void> {
  const { sequence } = state;
  writer.insertSession(state, mtime);
  writer.linkOrphansOf(state.id);
  writer.addEffects(sequence, effects);
  for (let from = 0; from < messages.length; from += MESSAGES_AT_ONCE_MAX) {
    yield;
    const some = messages.slice(from, from + MESSAGES_AT_ONCE_MAX);
    writer.addEffects(sequence, {
      ...effects,
      operation: null,
      paid: NOTHING_PAID,
      messages: some,
      ...namesBetween(names, some[0]!.ordinal, some.at(-1)!.ordinal + 1),
    });
  }
}
