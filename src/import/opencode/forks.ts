import type { MessageTime, OpencodeSession, OpencodeStore } from './store.ts';

/** A session whose first messages are those of another. */
export interface Copy {
  readonly originId: string;
  /** How many messages were copied. */
  readonly count: number;
}

/**
 * Finds forks, which have no link to their origin: the messages of a fork have new ids, but the times of those that were copied. A session whose
 * first message is older than the session itself is a fork, of the earlier session with which it shares the most messages.
 */
export async function findCopies(
  sessions: readonly OpencodeSession[],
  store: OpencodeStore,
): Promise<ReadonlyMap<string, Copy>> {
  const sharing = new Map<string, OpencodeSession[]>();
  const forks: OpencodeSession[] = [];
  for (const session of sessions) {
    const [first] = await store.timesOf(session.id, 1);
    if (!first) continue;
    const name = nameOf(first);
    sharing.set(name, [...(sharing.get(name) ?? []), session]);
    if (session.createdMs !== null && first.createdMs < session.createdMs) forks.push(session);
  }
  const copies = new Map<string, Copy>();
  for (const fork of forks) {
    const times = await store.timesOf(fork.id, MESSAGES_MAX);
    // Compared from the earliest on: of two that share as much, the earlier is the origin.
    const candidates = (sharing.get(nameOf(times[0]!)) ?? []).filter((other) => isEarlier(other, fork));
    for (const other of candidates.sort((one, two) => (isEarlier(one, two) ? -1 : 1))) {
      const count = sharedCount(times, await store.timesOf(other.id, times.length), fork.createdMs!);
      if (count > (copies.get(fork.id)?.count ?? 0)) copies.set(fork.id, { originId: other.id, count });
    }
  }
  return copies;
}

const MESSAGES_MAX = 1_000_000;

function nameOf({ role, createdMs }: MessageTime): string {
  return `${role} ${createdMs}`;
}

function isEarlier(one: OpencodeSession, other: OpencodeSession): boolean {
  const [a, b] = [one.createdMs ?? 0, other.createdMs ?? 0];
  return a === b ? one.id > other.id : a < b;
}

/** The messages at the beginning that both have, and that are older than the fork. */
function sharedCount(fork: readonly MessageTime[], origin: readonly MessageTime[], forkedMs: number): number {
  const end = fork.findIndex((message, n) => {
    const other = origin[n];
    return !other || nameOf(other) !== nameOf(message) || message.createdMs >= forkedMs;
  });
  return end === -1 ? fork.length : end;
}
