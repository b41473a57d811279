import type { Session } from '../../model/session.ts';
import type { Sight } from '../../model/sight.ts';
import type { ReadOptions } from '../read-options.ts';
import type { SessionReader } from '../repository.ts';

/**
 * Sessions as a caller sees them who sees one subtree: the top of that is a root, and nothing is above or beside it.
 */
export class SubtreeView {
  readonly #reader: SessionReader;
  readonly #topId: string;
  readonly #sight: Sight;

  constructor(reader: SessionReader, topId: string, sight: Sight) {
    this.#reader = reader;
    this.#topId = topId;
    this.#sight = sight;
  }

  /** All of `sessions` must be in sight. */
  async show<Some extends Session | null>(sessions: readonly Some[], options?: ReadOptions): Promise<Some[]> {
    const present = sessions.filter((session) => session !== null);
    if (present.length === 0) return [...sessions];
    const depth = await this.#depthOfTop(present, options);
    const hidden = await this.#hiddenOrigins(present, options);
    return sessions.map((session) => session && (this.#shown(session, depth, hidden) as Some));
  }

  async #depthOfTop(present: readonly Session[], options?: ReadOptions): Promise<number> {
    const top = present.find(({ id }) => id === this.#topId);
    if (top) return top.depth;
    const [read] = await this.#reader.findMany([this.#topId], options);
    return read?.depth ?? 0;
  }

  /** The sessions out of sight that these were forked from, or spawned by. */
  async #hiddenOrigins(present: readonly Session[], options?: ReadOptions): Promise<ReadonlySet<string>> {
    const origins = new Set<string>();
    for (const { forkedFrom, spawnedBy } of present) {
      if (forkedFrom) origins.add(forkedFrom.sessionId);
      if (spawnedBy) origins.add(spawnedBy.sessionId);
    }
    if (origins.size === 0) return origins;
    const ids = [...origins];
    const seen = await this.#reader.areInSight(ids, this.#sight, options);
    return new Set(ids.filter((_, n) => !seen[n]));
  }

  #shown(session: Session, depth: number, hidden: ReadonlySet<string>): Session {
    const isTop = session.id === this.#topId;
    const { forkedFrom, spawnedBy } = session;
    return changed(session, {
      rootId: this.#topId,
      depth: Math.max(0, session.depth - depth),
      ...(isTop && { parentId: null, treeLastActiveAt: session.lastActiveAt }),
      ...(forkedFrom && hidden.has(forkedFrom.sessionId) && { forkedFrom: null }),
      ...(spawnedBy && hidden.has(spawnedBy.sessionId) && { spawnedBy: null }),
    });
  }
}

/** A copy with other members. Long metadata is still read when it is used. */
function changed(session: Session, members: Partial<Session>): Session {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(session));
  for (const [name, value] of Object.entries(members))
    Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  return copy as Session;
}
