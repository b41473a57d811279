import { addOptionalDecimals } from '../../../src/model/decimal.ts';
import type { KeyConflict } from '../../../src/model/message.ts';
import {
  type ArchivedFilter,
  type DeleteMode,
  SESSION_STATUSES,
  type SessionStatus,
} from '../../../src/model/session.ts';
import type { Response } from '../contract/naive-usage.ts';

/** What each message of a mutation cost, and when, if the message says so. */
export type Cost = Omit<Response, 'sessionId' | 'createdAt'> & { readonly createdAt?: Date };

export type Paid = Cost & Pick<Response, 'sessionId'>;

export interface ModelMessage {
  readonly ordinal: number;
  readonly content: string;
  readonly role: 'USER' | 'ASSISTANT' | 'TOOL';
  readonly key: string | null;
  readonly toolCallId: string | null;
  readonly usage: Cost['usage'] | null;
  readonly model: string | null;
  /** Left out if it is the time of the mutation. */
  readonly createdAt?: Date;
  readonly isCopy: boolean;
  /** True once what it said was overwritten. */
  readonly isRedacted?: boolean;
}

/** What a write does to one session. All messages have the same cost. */
export interface ModelWrite {
  readonly keep?: number | null;
  readonly keepThroughKey?: string | null;
  readonly dropLast?: number | null;
  readonly messages: readonly Said[];
  readonly cost: Cost | null;
  readonly onKey?: KeyConflict | null;
  readonly title?: string | null | undefined;
  readonly status?: SessionStatus | null;
}

/** A message to append; one with a `toolCallId` is a TOOL message. */
export type Said = Pick<ModelMessage, 'content' | 'key' | 'toolCallId'>;

/** The role of the message at the index `n` of a mutation's. */
export function roleOf({ toolCallId }: Said, n: number): ModelMessage['role'] {
  if (toolCallId !== null) return 'TOOL';
  return n % 2 ? 'ASSISTANT' : 'USER';
}

export interface ModelSession {
  readonly id: string;
  parentId: string | null;
  readonly userId: string | null;
  key: string | null;
  arrival: number;
  title: string | null;
  status: SessionStatus;
  version: number;
  archived: boolean;
  history: ModelMessage[];
  nextOrdinal: number;
  /** What is in the sums, in any order. */
  paid: readonly Paid[];
  readonly forkedFrom: { sessionId: string; messageId: string | null; historyLength: number } | null;
}

/** The specification of the store in the simplest form: without files and index, with a walk through everything for each answer. */
export class Model {
  /** In order of creation. */
  readonly sessions = new Map<string, ModelSession>();
  readonly deleted = new Set<string>();
  #arrivals = 0;

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
      status: 'IDLE' as const,
      version: 1,
      archived: false,
      userId: null,
      key: null,
      history: [],
      nextOrdinal: 0,
      paid: [],
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

  create(
    id: string,
    parentId: string | null,
    {
      userId,
      key = null,
      messages = [],
    }: {
      userId?: string | null | undefined;
      key?: string | null | undefined;
      messages?: readonly Said[] | undefined;
    } = {},
  ): void {
    this.#refuseTaken(id);
    const parent = parentId === null ? null : this.#get(parentId);
    this.#refuseKey(id, key, parent ? this.owner(parent.id) : (userId ?? null));
    if (parent?.archived) throw new Error('SessionArchivedError');
    const inherited = userId === undefined ? (parent?.userId ?? null) : userId;
    this.#say(this.#add({ id, parentId, title: null, userId: inherited, key }), messages, null);
  }

  /** The user of the root of the session's tree. */
  owner(id: string): string | null {
    return (this.ancestors(id)[0] ?? this.#get(id)).userId;
  }

  withKey(key: string, owner: string | null): string | null {
    const all = [...this.sessions.values()];
    return all.find((each) => each.key === key && this.owner(each.id) === owner)?.id ?? null;
  }

  #refuseKey(id: string, key: string | null, owner: string | null): void {
    const holder = key === null ? null : this.withKey(key, owner);
    if (holder !== null && holder !== id) throw new Error('SessionExistsError');
  }

  /** Refuses to bring a session with its subtree to another owner who has one of their keys. */
  #refuseClash(session: ModelSession, owner: string | null): void {
    if (this.owner(session.id) === owner) return;
    for (const { key } of [session, ...this.descendants(session.id)])
      if (key !== null && this.withKey(key, owner) !== null) throw new Error('ConflictError');
  }

  append(id: string, messages: readonly Said[], cost: Cost | null, onKey: KeyConflict | null = null): void {
    this.#write(this.#get(id), { messages, cost, onKey });
  }

  /** Creates the session if it is missing and `create` is given. */
  write(
    id: string,
    write: ModelWrite,
    create: { readonly parentId: string | null; readonly userId: string | null } | null,
  ): void {
    if (!create || this.sessions.has(id)) {
      this.#write(this.#get(id), write);
      return;
    }
    this.#refuseTaken(id);
    const { keep, keepThroughKey, messages, cost, title = null, status } = write;
    if ((keep ?? 0) > 0 || keepThroughKey != null) throw new Error('InvalidInputError');
    this.create(id, create.parentId, create.parentId === null ? { userId: create.userId } : {});
    const session = this.#get(id);
    session.title = title;
    session.status = status ?? 'IDLE';
    this.#say(session, messages, cost);
  }

  writeByKey(key: string, owner: string | null, write: ModelWrite): void {
    const id = this.withKey(key, owner);
    if (id === null) throw new Error('SessionNotFoundError');
    this.#write(this.#get(id), write);
  }

  #write(session: ModelSession, { messages, cost, onKey, title, status, ...end }: ModelWrite): void {
    if (session.archived) throw new Error('SessionArchivedError');
    const keep = keepOf(session.history, end);
    const dropped = session.history.slice(keep);
    const kept = session.history.slice(0, keep);
    const there = ({ key }: Said) => kept.findIndex((each) => key !== null && each.key === key);
    if ((onKey ?? 'ERROR') === 'ERROR' && messages.some((said) => there(said) !== -1))
      throw new Error('ConflictError');
    let isChanged = dropped.length > 0;
    session.history = kept;
    for (const [n, said] of messages.entries()) {
      const position = there(said);
      if (position === -1) {
        const before = dropped.find(({ key }) => said.key !== null && key === said.key);
        this.#say(session, [said], cost, n);
        this.#unpay(session, before);
        isChanged = true;
      } else if (onKey === 'REPLACE') {
        const before = kept[position]!;
        if (before.isRedacted) continue;
        const after = { ...before, ...said, role: roleOf(said, n), ...costOf(cost) };
        if (isSame(before, after)) continue;
        this.#unpay(session, before);
        this.#pay(session, cost);
        kept[position] = { ...after, isCopy: false };
        isChanged = true;
      }
    }
    if (title !== undefined && title !== session.title) {
      session.title = title;
      isChanged = true;
    }
    if (status != null && status !== session.status) {
      session.status = status;
      isChanged = true;
    }
    if (isChanged) session.version += 1;
  }

  /** Another form of the message has taken its place in the sums. */
  #unpay(session: ModelSession, before: ModelMessage | undefined): void {
    if (!before?.usage || before.isCopy) return;
    const n = session.paid.findIndex(
      ({ model, createdAt, usage }) =>
        model === before.model &&
        createdAt?.getTime() === before.createdAt?.getTime() &&
        usage.costUsd === before.usage!.costUsd,
    );
    if (n === -1) throw new Error('The model takes back what was never paid.');
    session.paid = session.paid.toSpliced(n, 1);
  }

  #pay(session: ModelSession, cost: Cost | null): void {
    if (cost !== null) session.paid = [...session.paid, { ...cost, sessionId: session.id }];
  }

  /** `first` is the index of the first message among those of the mutation. */
  #say(session: ModelSession, messages: readonly Said[], cost: Cost | null, first = 0): void {
    for (const [n, said] of messages.entries()) {
      session.history.push({
        ...said,
        ordinal: session.nextOrdinal,
        role: roleOf(said, first + n),
        ...costOf(cost),
        isCopy: false,
      });
      session.nextOrdinal += 1;
      this.#pay(session, cost);
    }
  }

  update(
    id: string,
    title: string | null,
    key?: string | null | undefined,
    status: SessionStatus | null = null,
  ): void {
    const session = this.#get(id);
    this.#refuseKey(id, key ?? null, this.owner(id));
    session.title = title;
    if (key !== undefined) session.key = key;
    session.status = status ?? session.status;
    session.version += 1;
  }

  delete(id: string, mode: DeleteMode): void {
    const session = this.#get(id);
    const children = this.children(id);
    if (mode === 'RESTRICT' && children.length > 0) throw new Error('SessionHasChildrenError');
    if (mode === 'REPARENT' && session.parentId === null)
      for (const child of children) this.#refuseClash(child, child.userId);
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
    this.#refuseClash(session, parentId === null ? session.userId : this.owner(parentId));
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

  /** Redacts a message of the history alone, without its copies. */
  redact(id: string, ordinal: number): void {
    const session = this.#get(id);
    if (ordinal >= session.nextOrdinal) throw new Error('InvalidInputError');
    const position = session.history.findIndex((message) => message.ordinal === ordinal);
    const message = session.history[position];
    if (!message) throw new Error('A dropped message.');
    if (message.isRedacted) return;
    session.history[position] = { ...message, content: '', isRedacted: true };
    session.version += 1;
  }

  /** Through the message at position `last`. */
  fork(id: string, newId: string, last: number, asRoot: boolean, key: string | null): void {
    this.#refuseTaken(newId);
    const origin = this.#get(id);
    this.#refuseKey(newId, key, asRoot ? origin.userId : this.owner(id));
    const copied = origin.history.slice(0, last + 1);
    const lastCopied = copied.at(-1);
    this.#add({
      id: newId,
      parentId: asRoot ? null : id,
      title: origin.title,
      userId: origin.userId,
      key,
      history: copied.map((message, ordinal) => ({ ...message, ordinal, isCopy: true })),
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
  list(archived: ArchivedFilter, statuses: readonly SessionStatus[] = SESSION_STATUSES): string[] {
    return idsWhere([...this.sessions.values()], archived, statuses);
  }

  /** In pre-order. */
  beneath(id: string, archived: ArchivedFilter, statuses: readonly SessionStatus[]): string[] {
    return idsWhere(this.descendants(id), archived, statuses);
  }

  /** In order of creation. */
  forks(id: string): string[] {
    return [...this.sessions.values()]
      .filter(({ forkedFrom }) => forkedFrom?.sessionId === id)
      .map((fork) => fork.id);
  }

  rollup(id: string) {
    const all = [this.#get(id), ...this.descendants(id)];
    const paid = all.flatMap((each) => each.paid);
    const costUsd = paid.reduce<string | null>(
      (sum, { usage }) => addOptionalDecimals(sum, String(usage.costUsd)),
      null,
    );
    return {
      sessionCount: all.length,
      messageCount: all.flatMap(({ history }) => history).filter(({ role }) => role === 'USER').length,
      historyLength: all.flatMap(({ history }) => history).length,
      usage: { costUsd: costUsd === null ? null : Number(costUsd) },
      byStatus: SESSION_STATUSES.map((status) => ({
        status,
        count: all.filter((each) => each.status === status).length,
      })).filter(({ count }) => count > 0),
      maxDepth: Math.max(...all.map((each) => this.ancestors(each.id).length)),
    };
  }

  /** What is in the sums of all sessions, if all messages that cost something bring their times. */
  responses(): Response[] {
    return [...this.sessions.values()].flatMap(({ paid }) => paid as readonly Response[]);
  }

  search(word: string, within: string): string[] {
    return [this.#get(within), ...this.descendants(within)].flatMap(({ id, history }) =>
      history
        .filter(({ content }) => content.split(' ').includes(word))
        .map(({ ordinal }) => `${id}:${ordinal}`),
    );
  }
}

/** How many messages stay. */
function keepOf(
  history: readonly ModelMessage[],
  { keep, keepThroughKey, dropLast }: Pick<ModelWrite, 'keep' | 'keepThroughKey' | 'dropLast'>,
): number {
  const { length } = history;
  if (keepThroughKey != null) {
    const last = history.findIndex(({ key }) => key === keepThroughKey);
    if (last === -1) throw new Error('InvalidInputError');
    return last + 1;
  }
  if (keep != null && keep > length) throw new Error('InvalidInputError');
  return keep ?? Math.max(length - (dropLast ?? 0), 0);
}

/** A message without a cost names no time. */
function costOf(cost: Cost | null): Pick<ModelMessage, 'usage' | 'model' | 'createdAt'> {
  return cost ?? { usage: null, model: null };
}

function isSame(before: ModelMessage, after: ModelMessage): boolean {
  return (
    before.content === after.content &&
    before.role === after.role &&
    before.toolCallId === after.toolCallId &&
    before.usage?.costUsd === after.usage?.costUsd &&
    before.model === after.model &&
    before.createdAt?.getTime() === after.createdAt?.getTime()
  );
}

function idsWhere(
  sessions: readonly ModelSession[],
  archived: ArchivedFilter,
  statuses: readonly SessionStatus[],
): string[] {
  return sessions
    .filter((session) => archived === 'INCLUDE' || session.archived === (archived === 'ONLY'))
    .filter(({ status }) => statuses.includes(status))
    .map(({ id }) => id);
}
