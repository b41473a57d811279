import type { Limits } from '../../model/limits.ts';
import { NO_TEXTS } from '../../model/message.ts';
import type { SessionReader, SessionRepository } from '../../repository/repository.ts';
import { wholeSessions } from '../../repository/whole-sessions.ts';
import {
  KEYS_A_PAGE,
  type KeyedMessage,
  type StoredSession,
  type StoredSessions,
  type Target,
  type TargetWrite,
} from './target.ts';

/** An import has no use for what the write says of its messages. */
const NOTHING = { messages: null, removed: null };

/** Writes into a store that this process has opened. */
export class RepositoryTarget implements Target {
  readonly limits: Limits;
  readonly isDryRun = false;
  readonly #repository: SessionRepository;
  readonly #stored: StoredSessions;

  constructor(repository: SessionRepository, limits: Limits) {
    this.#repository = repository;
    this.#stored = storedSessionsOf(repository);
    this.limits = limits;
  }

  find(ids: readonly string[]): Promise<(StoredSession | null)[]> {
    return this.#stored.find(ids);
  }

  keysOf(sessionId: string): AsyncIterable<KeyedMessage> {
    return this.#stored.keysOf(sessionId);
  }

  async write(input: TargetWrite): Promise<boolean> {
    const { isNew } = await this.#repository.writeHistory(input, NOTHING);
    return isNew;
  }

  async update(input: Parameters<Target['update']>[0]): Promise<void> {
    await this.#repository.update(input);
  }

  async move(sessionId: string, parentId: string): Promise<void> {
    await this.#repository.move({ sessionId, parentId });
  }

  async archive(sessionId: string, archivedAt: Date | null): Promise<void> {
    await this.#repository.archive({ sessionId, archived: archivedAt !== null, archivedAt, subtree: false });
  }
}

/** What an import reads of the sessions of `reader`. */
export function storedSessionsOf(reader: SessionReader): StoredSessions {
  return {
    async find(ids) {
      const found = await reader.findMany(ids);
      const whole = await wholeSessions(
        reader,
        found.filter((session) => session !== null),
      );
      const byId = new Map(
        whole.map((session) => [session.id, { ...session, hasSpawnOrigin: session.spawnedBy !== null }]),
      );
      return ids.map((id) => byId.get(id) ?? null);
    },
    async *keysOf(sessionId) {
      let after: number | undefined;
      for (let more = true; more; ) {
        const page = { limit: KEYS_A_PAGE, from: 'start' as const, after };
        const request = { sessionId, page, shown: NO_TEXTS };
        const [read] = await reader.historyOf([request], Number.POSITIVE_INFINITY);
        for (const { key, role, createdAt, usage, isCopy } of read!.items)
          if (key !== null) yield { key, role, createdAt, usage, isCopy };
        more = read!.hasMore && read!.items.length > 0;
        after = read!.items.at(-1)?.ordinal;
      }
    },
  };
}
