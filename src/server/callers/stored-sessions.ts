import { LRUCache } from 'lru-cache';
import { ForbiddenError } from '../../model/errors.ts';
import type { SessionReader } from '../../repository/repository.ts';
import type { SessionPlace, SessionQuota } from '../../repository/scoped/session-quota.ts';
import { whose } from './refusals.ts';

/** How many owners are remembered. The sessions of another are counted anew. */
const OWNERS_MAX = 10_000;

/** Milliseconds between two counts of the sessions of an owner who has too many. */
const RECOUNT_MS = 1_000;

/** The sessions of an owner. What is deleted shows in the next count. */
interface Stored {
  /** At least as many as there are. */
  count: number;
  /** Of them, those that are being written. */
  pending: number;
  countedAt: number;
  counting: Promise<void> | null;
}

/** Counts the sessions of owners: in the store once, and again when there are too many; in between by what is added. */
export class StoredSessions implements SessionQuota {
  readonly #most: (ownerId: string | null) => number;
  readonly #owners = new LRUCache<string, Stored>({ max: OWNERS_MAX });

  constructor(most: (ownerId: string | null) => number) {
    this.#most = most;
  }

  async prepare(store: SessionReader, ownerId: string | null): Promise<SessionPlace> {
    const key = `=${ownerId ?? ''}`;
    let stored = this.#owners.get(key);
    if (!stored) {
      stored = { count: 0, pending: 0, countedAt: Number.NEGATIVE_INFINITY, counting: null };
      this.#owners.set(key, stored);
    }
    if (stored.counting) await stored.counting;
    const isDue = performance.now() - stored.countedAt > RECOUNT_MS;
    const isUnknown = stored.countedAt === Number.NEGATIVE_INFINITY;
    if (isUnknown || (isDue && stored.count >= this.#most(ownerId)))
      await this.#recount(stored, store, ownerId);
    return this.#placeIn(stored, ownerId);
  }

  #recount(stored: Stored, store: SessionReader, ownerId: string | null): Promise<void> {
    stored.counting ??= this.#count(stored, store, ownerId).finally(() => {
      stored.counting = null;
    });
    return stored.counting;
  }

  /** What is being written meanwhile may be counted twice, until the next count. */
  async #count(stored: Stored, store: SessionReader, ownerId: string | null): Promise<void> {
    const before = stored.count - stored.pending;
    const found = await store.count({ sight: { ownerId, withinId: null }, archived: 'INCLUDE' });
    stored.count += found - before;
    stored.countedAt = performance.now();
  }

  #placeIn(stored: Stored, ownerId: string | null): SessionPlace {
    let isTaken = false;
    return {
      take: () => {
        if (isTaken) return;
        const most = this.#most(ownerId);
        if (stored.count >= most) throw tooMany(most);
        isTaken = true;
        stored.count += 1;
        stored.pending += 1;
      },
      end: (isWritten) => {
        if (!isTaken) return;
        isTaken = false;
        stored.pending -= 1;
        if (!isWritten) stored.count -= 1;
      },
    };
  }
}

function tooMany(most: number): ForbiddenError {
  return new ForbiddenError(
    `Expected at most ${most} sessions in the trees of a user (${whose('sessions')}), got another one. Delete some, or ask an admin for ` +
      'a larger quota.',
  );
}
