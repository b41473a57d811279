import type { ChangeKind, ChangesPage, SessionChange } from '../../src/repository/changes.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';

export interface ReplicaMessage {
  readonly ordinal: number;
  readonly position: number;
  readonly content: string;
}

/** What a replica compares of a session: whatever a fresh read gives. */
export interface ReplicaSession {
  readonly id: string;
  readonly parentId: string | null;
  readonly version: number;
  readonly [member: string]: unknown;
}

/** Where a replica reads what it is told of. Each read gives the state of now. */
export interface ReplicaReads {
  /** The session `top` and all beneath it; without it, all of the store. Null if there is no such session. */
  tree(top: string | null): Promise<readonly ReplicaSession[] | null>;
  session(id: string): Promise<ReplicaSession | null>;
  /** The messages of a session that exists, from a position on. */
  messages(sessionId: string, from: number): Promise<readonly ReplicaMessage[]>;
}

export interface Held {
  readonly session: ReplicaSession;
  readonly messages: readonly ReplicaMessage[];
}

/** What a reader keeps of a tree, by the rules of `SessionRepository.changesSince`. */
export class Replica {
  readonly #reads: ReplicaReads;
  readonly #within: string | null;
  readonly #held = new Map<string, Held>();

  constructor(reads: ReplicaReads, within: string | null) {
    this.#reads = reads;
    this.#within = within;
  }

  /** What it holds, by session id. */
  get held(): ReadonlyMap<string, Held> {
    return this.#held;
  }

  /** A replica with the same contents, which goes on by itself. */
  copy(reads = this.#reads): Replica {
    const copy = new Replica(reads, this.#within);
    for (const [id, held] of this.#held) copy.#held.set(id, held);
    return copy;
  }

  /** Reads all anew. Take the mark before. */
  async readAll(): Promise<void> {
    const sessions = (await this.#reads.tree(this.#within)) ?? [];
    this.#held.clear();
    for (const session of sessions) await this.#hold(session);
  }

  async apply(page: Pick<ChangesPage, 'changes' | 'isReset' | 'isOver'>): Promise<void> {
    if (page.isReset) await this.readAll();
    for (const change of page.changes) await this.#applyOne(change);
    if (page.isOver) this.#held.clear();
  }

  async #applyOne(change: Pick<SessionChange, 'kind' | 'sessionId' | 'fromPosition'>): Promise<void> {
    const { kind, sessionId: id, fromPosition } = change;
    if (kind === 'LEFT') this.#drop(id);
    else if (kind === 'DELETED') this.#held.delete(id);
    else if (kind === 'ENTERED' || (kind === 'MOVED' && !this.#held.has(id))) {
      this.#drop(id);
      for (const session of (await this.#reads.tree(id)) ?? []) await this.#hold(session);
    } else await this.#change(id, kind, fromPosition);
  }

  async #change(id: string, kind: ChangeKind, fromPosition: number | null): Promise<void> {
    const held = this.#held.get(id);
    if (!held && kind !== 'CREATED') return;
    const session = await this.#reads.session(id);
    // It was deleted since: a later page tells.
    if (!session) return;
    let messages = kind === 'CREATED' ? [] : held!.messages;
    if (fromPosition !== null) {
      const later = kind === 'TRUNCATED' ? [] : await this.#reads.messages(id, fromPosition);
      const isEarlier = ({ position }: ReplicaMessage) => position < fromPosition;
      messages = [...messages.filter(isEarlier), ...later];
    }
    this.#held.set(id, { session, messages });
  }

  async #hold(session: ReplicaSession): Promise<void> {
    this.#held.set(session.id, { session, messages: await this.#reads.messages(session.id, 0) });
  }

  /** Drops a session and all that is held beneath it. The top of the tree is beneath nothing, also if it was moved beneath `top`. */
  #drop(top: string): void {
    const beneath = new Map<string | null, string[]>();
    for (const { session } of this.#held.values()) {
      if (session.id === this.#within) continue;
      const siblings = beneath.get(session.parentId);
      if (siblings) siblings.push(session.id);
      else beneath.set(session.parentId, [session.id]);
    }
    const dropped = new Set([top]);
    for (const id of dropped) {
      this.#held.delete(id);
      for (const child of beneath.get(id) ?? []) dropped.add(child);
    }
  }
}

const MUCH = { limit: 100_000, from: 'start' } as const;

/** Reads of a repository itself. */
export function readsOf(repository: () => SessionRepository): ReplicaReads {
  const session = async (id: string) => {
    const [found] = await repository().findMany([id]);
    if (!found) return null;
    const { parentId, version, title, status, metadata, archivedAt, historyLength, updatedAt } = found;
    return { id, parentId, version, title, status, metadata, archivedAt, historyLength, updatedAt };
  };
  return {
    session,
    async tree(top) {
      const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
      const all = { archived: 'INCLUDE' } as const;
      const found =
        top === null
          ? (await repository().list(all, order, MUCH)).items
          : [{ id: top }, ...(await repository().descendantsOf([top], MUCH, null))[0]!.items];
      const sessions: ReplicaSession[] = [];
      for (const { id } of found) {
        const each = await session(id);
        if (each) sessions.push(each);
        else if (id === top) return null;
      }
      return sessions;
    },
    async messages(sessionId, from) {
      const [page] = await repository().historyOf(
        [{ sessionId, page: MUCH, place: { position: from } }],
        Number.MAX_SAFE_INTEGER,
      );
      return page!.items.map(({ ordinal, position, content }) => ({ ordinal, position, content }));
    },
  };
}
