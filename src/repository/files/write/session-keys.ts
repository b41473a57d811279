import { ConflictError, SessionExistsError } from '../../../model/errors.ts';
import type { CreateSession } from '../../mutations.ts';
import type { ReadOptions } from '../../read-options.ts';
import { KeyedMutex } from '../../runtime/keyed-mutex.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';
import type { IndexWalks } from '../index/walks.ts';
import { eachAtPace } from '../runtime/pace.ts';
import { existing } from './preconditions.ts';

export interface SessionKeysParts {
  readonly index: IndexReader;
  readonly walks: Pick<IndexWalks, 'keyed'>;
}

/**
 * Keeps the keys of sessions unique among the sessions of one owner, the user of the root of the tree. Who gives a session a key holds
 * the tree lock (shared), so that no session comes to another owner meanwhile, and then the mutex of that owner's key.
 */
export class SessionKeys {
  readonly #parts: SessionKeysParts;
  /** Keys that are being given to sessions. */
  readonly #given = new KeyedMutex();

  constructor(parts: SessionKeysParts) {
    this.#parts = parts;
  }

  /** The owner of a new session. Throws a SessionNotFoundError if there is no such parent. */
  ownerOfNew({ parentId, userId }: Pick<CreateSession, 'parentId' | 'userId'>): string | null {
    return parentId == null ? (userId ?? null) : this.ownerOf(parentId);
  }

  /** The owner of the tree of a session. Throws a SessionNotFoundError if there is no such session. */
  ownerOf(id: string): string | null {
    const { index } = this.#parts;
    return index.ownerOf(existing(index, id));
  }

  /**
   * Runs `write`, which gives the session `id` this key. Nobody else can give the key to a session of the owner meanwhile. Rejects with
   * a SessionExistsError if another session has it.
   */
  async giving<T>(
    id: string,
    key: string | null | undefined,
    ownerId: () => string | null,
    write: () => Promise<T>,
  ): Promise<T> {
    if (key == null) return await write();
    const owner = ownerId();
    return await this.holding(key, owner, (holder) => {
      if (holder && holder.id !== id) throw SessionExistsError.key(key, holder.id);
      return write();
    });
  }

  /** Runs `work` with the session that has the key, while nobody else can give the key to a session of the owner. */
  holding<T>(
    key: string,
    ownerId: string | null,
    work: (holder: SessionRow | null) => Promise<T>,
  ): Promise<T> {
    const place = JSON.stringify([ownerId, key]);
    return this.#given.during(place, async () => await work(this.#parts.index.withKey(key, ownerId)));
  }

  /**
   * Rejects with a ConflictError if a session of `ownerId` has the key of the session `id`, or of one beneath it, which are about to
   * come to that owner.
   */
  async refuseClash(id: string, ownerId: string | null, options?: ReadOptions): Promise<void> {
    const { index, walks } = this.#parts;
    const row = index.row(id);
    if (!row || index.ownerOf(row) === ownerId) return;
    await eachAtPace(
      await walks.keyed(id, options),
      (keyed) => {
        const holder = index.withKey(keyed.key, ownerId);
        if (holder) throw ConflictError.sessionKey(keyed.key, keyed.id, holder.id);
      },
      options,
    );
  }
}
