import { addOptionalDecimals } from '../../../src/model/decimal.ts';
import type { ArchivedFilter, DeleteMode } from '../../../src/model/session.ts';

export interface ModelMessage {
  readonly ordinal: number;
  readonly content: string;
  readonly role: 'USER' | 'ASSISTANT';
}

export interface ModelSession {
  readonly id: string;
  parentId: string | null;
  arrival: number;
  title: string | null;
  version: number;
  archived: boolean;
  history: ModelMessage[];
  nextOrdinal: number;
  costUsd: string | null;
  readonly forkedFrom: { sessionId: string; messageId: string | null; historyLength: number } | null;
}

/** The specification of the store in the simplest form: without files and index, with a walk through everything for each answer. */
export class Model {
  /** In order of creation. */
  readonly sessions = new Map<string, ModelSession>();
  readonly deleted = new Set<string>();
  #arrivals = 0;

  /** A copy of the model. */
  clone(): Model {
    const copy = new Model();
    for (const [id, session] of this.sessions)
      copy.sessions.set(id, { ...session, history: [...session.history] });
    for (const id of this.deleted) copy.deleted.add(id);
    copy.#arrivals = this.#arrivals;
    return copy;
  }

  #add(session: Pick<ModelSession, 'id' | 'parentId' | 'title'> & Partial<ModelSession>): ModelSession {
    this.#arrivals += 1;
    const whole = {
      arrival: this.#arrivals,
      version: 1,
      archived: false,
      history: [],
      nextOrdinal: 0,
      costUsd: null,
      forkedFrom: null,
      ...session,
    };
    this.sessions.set(session.id, whole);
    return whole;
  }

  #refuseTaken(id: string): void {
    if (this.sessions.has(id) || this.deleted.has(id)) throw new Error('SessionExistsError');
  }

  #get(id: string): ModelSession {
    const session = this.sessions.get(id);
    if (!session) throw new Error('SessionNotFoundError');
    return session;
  }

  create(id: string, parentId: string | null, contents: readonly string[] = []): void {
    this.#refuseTaken(id);
    if (parentId !== null && this.#get(parentId).archived) throw new Error('SessionArchivedError');
    this.#say(this.#add({ id, parentId, title: null }), contents, null);
  }

  append(id: string, contents: readonly string[], costUsd: string | null): void {
    const session = this.#get(id);
    if (session.archived) throw new Error('SessionArchivedError');
    this.#say(session, contents, costUsd);
    session.version += 1;
  }

  #say(session: ModelSession, contents: readonly string[], costUsd: string | null): void {
    for (const [n, content] of contents.entries()) {
      session.history.push({ ordinal: session.nextOrdinal, content, role: n % 2 ? 'ASSISTANT' : 'USER' });
      session.nextOrdinal += 1;
      session.costUsd = addOptionalDecimals(session.costUsd, costUsd);
    }
  }

  update(id: string, title: string | null): void {
    const session = this.#get(id);
    session.title = title;
    session.version += 1;
  }

  delete(id: string, mode: DeleteMode): void {
    const session = this.#get(id);
    const children = this.children(id);
    if (mode === 'RESTRICT' && children.length > 0) throw new Error('SessionHasChildrenError');
    if (mode === 'CASCADE') for (const each of this.descendants(id)) this.#remove(each.id);
    if (mode === 'REPARENT') for (const child of children) this.#place(child, session.parentId);
    this.#remove(id);
  }

  #remove(id: string): void {
    this.sessions.delete(id);
    this.deleted.add(id);
  }

  #place(session: ModelSession, parentId: string | null): void {
    this.#arrivals += 1;
    session.parentId = parentId;
    session.arrival = this.#arrivals;
    session.version += 1;
  }

  move(id: string, parentId: string | null): void {
    const session = this.#get(id);
    if (parentId !== null) {
      this.#get(parentId);
      if (parentId === id || this.ancestors(parentId).includes(session)) throw new Error('InvalidInputError');
    }
    this.#place(session, parentId);
  }

  archive(id: string, archived: boolean, subtree: boolean): void {
    for (const session of [this.#get(id), ...(subtree ? this.descendants(id) : [])]) {
      if (session.archived === archived) continue;
      session.archived = archived;
      session.version += 1;
    }
  }

  truncate(id: string, length: number): void {
    const session = this.#get(id);
    if (session.archived) throw new Error('SessionArchivedError');
    if (length > session.history.length) throw new Error('InvalidInputError');
    session.history = session.history.slice(0, length);
    session.version += 1;
  }

  /** Through the message at position `last`. */
  fork(id: string, newId: string, last: number, asRoot: boolean): void {
    this.#refuseTaken(newId);
    const origin = this.#get(id);
    const copied = origin.history.slice(0, last + 1);
    const lastCopied = copied.at(-1);
    this.#add({
      id: newId,
      parentId: asRoot ? null : id,
      title: origin.title,
      history: copied.map((message, ordinal) => ({ ...message, ordinal })),
      nextOrdinal: copied.length,
      forkedFrom: {
        sessionId: id,
        messageId: lastCopied ? `${id}:${lastCopied.ordinal}` : null,
        historyLength: copied.length,
      },
    });
  }

  children(id: string): ModelSession[] {
    return [...this.sessions.values()]
      .filter(({ parentId }) => parentId === id)
      .sort((a, b) => a.arrival - b.arrival);
  }

  descendants(id: string): ModelSession[] {
    return this.children(id).flatMap((child) => [child, ...this.descendants(child.id)]);
  }

  /** Root first. */
  ancestors(id: string): ModelSession[] {
    const { parentId } = this.#get(id);
    return parentId === null ? [] : [...this.ancestors(parentId), this.#get(parentId)];
  }

  /** In order of creation. */
  list(archived: ArchivedFilter): string[] {
    return [...this.sessions.values()]
      .filter((session) => archived === 'INCLUDE' || session.archived === (archived === 'ONLY'))
      .map(({ id }) => id);
  }

  rollup(id: string) {
    const all = [this.#get(id), ...this.descendants(id)];
    const costUsd = all.reduce<string | null>((sum, each) => addOptionalDecimals(sum, each.costUsd), null);
    return {
      sessionCount: all.length,
      messageCount: all.flatMap(({ history }) => history).filter(({ role }) => role === 'USER').length,
      historyLength: all.flatMap(({ history }) => history).length,
      usage: { costUsd: costUsd === null ? null : Number(costUsd) },
      maxDepth: Math.max(...all.map((each) => this.ancestors(each.id).length)),
    };
  }

  search(word: string, within: string): string[] {
    return [this.#get(within), ...this.descendants(within)].flatMap(({ id, history }) =>
      history
        .filter(({ content }) => content.split(' ').includes(word))
        .map(({ ordinal }) => `${id}:${ordinal}`),
    );
  }
}
