import type { SessionRepository } from '../../repository/repository.ts';
import type { AgentSessionStore, PlacedSession } from './store.ts';

/** Reads from a store, if there is one, and writes nothing. Does not notice a file that changed since it was imported. */
export class DryRunStore implements AgentSessionStore {
  readonly #stored: Pick<AgentSessionStore, 'findMany'> | null;
  readonly #made = new Map<string, PlacedSession>();

  constructor(stored: Pick<AgentSessionStore, 'findMany'> | null) {
    this.#stored = stored;
  }

  async findMany(ids: readonly string[]): Promise<(PlacedSession | null)[]> {
    const found = this.#stored ? await this.#stored.findMany(ids) : [];
    return ids.map((id, n) => found[n] ?? this.#made.get(id) ?? null);
  }

  async create({ id, parentId = null }: Parameters<SessionRepository['create']>[0]): Promise<PlacedSession> {
    const [known, parent] = await this.findMany([id!, parentId ?? id!]);
    if (known) return known;
    const place =
      parentId !== null && parent
        ? { parentId, depth: parent.depth + 1, rootId: parent.rootId }
        : { parentId: null, depth: 0, rootId: id! };
    const made = { id: id!, ...place };
    this.#made.set(made.id, made);
    return made;
  }
}
