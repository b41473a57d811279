import type { MessageRef } from '../../../src/model/id.ts';
import type { KeyConflict } from '../../../src/model/message.ts';
import type { Operation } from '../../../src/model/operation.ts';
import type { DeleteMode, NewSpawnOrigin } from '../../../src/model/session.ts';
import {
  changed,
  type Description,
  type DescriptionChange,
  isSameDescription,
  spawnedBy,
} from './description.ts';
import { ModelReads } from './model-reads.ts';
import {
  type Cost,
  type Expected,
  type ModelCreateIfMissing,
  type ModelCreation,
  type ModelMessage,
  type ModelSession,
  type ModelWrite,
  roleOf,
  type Said,
} from './model-session.ts';

const UNDESCRIBED: Description = {
  title: null,
  agentName: null,
  project: null,
  status: 'IDLE',
  statusMessage: null,
  metadata: {},
};

/** The id of the session that an answer is about; empty for that of a deletion or a redaction. */
function sessionIn(answer: unknown): string {
  const { id, session } = (answer ?? {}) as {
    readonly id?: string;
    readonly session?: { readonly id: string };
  };
  return session?.id ?? id ?? '';
}

/** The specification of the store in the simplest form: without files and index, with a walk through everything for each answer. */
export class Model extends ModelReads {
  readonly deleted = new Set<string>();
  /** Those of which a deletion left nothing: what was answered before of such a session cannot be said again. */
  readonly purged = new Set<string>();
  /** The answers that were recorded, by the ids of their operations. */
  readonly #operations = new Map<string, { readonly fingerprint: string; readonly answer: unknown }>();
  #arrivals = 0;

  clone(): Model {
    const copy = new Model();
    for (const [id, session] of this.sessions)
      copy.sessions.set(id, { ...session, history: [...session.history] });
    for (const id of this.deleted) copy.deleted.add(id);
    for (const id of this.purged) copy.purged.add(id);
    for (const [id, recorded] of this.#operations) copy.#operations.set(id, recorded);
    copy.#arrivals = this.#arrivals;
    return copy;
  }

  /** The answer of `mutation`, or the recorded one: what was answered once is not done again. */
  once<Answer>(
    operation: Pick<Operation, 'id' | 'fingerprint'> | undefined,
    mutation: () => Answer,
    isRecorded: (answer: Answer) => boolean,
  ): Answer {
    if (!operation) return mutation();
    const { id, fingerprint } = operation;
    const recorded = this.#operations.get(id);
    if (recorded && recorded.fingerprint !== fingerprint) throw new Error('ConflictError');
    if (recorded && this.purged.has(sessionIn(recorded.answer))) throw new Error('StorageError');
    if (recorded) return recorded.answer as Answer;
    const answer = mutation();
    if (isRecorded(answer)) this.#operations.set(id, { fingerprint, answer });
    return answer;
  }

  #add(session: Pick<ModelSession, 'id' | 'parentId'> & Partial<ModelSession>): ModelSession {
    this.#arrivals += 1;
    const whole = {
      ...UNDESCRIBED,
      arrival: this.#arrivals,
      version: 1,
      archived: false,
      userId: null,
      key: null,
      history: [],
      nextOrdinal: 0,
      left: new Map(),
      paid: [],
      spawnedBy: null,
      forkedFrom: null,
      ...session,
    };
    this.sessions.set(session.id, whole);
    return whole;
  }

  #refuseTaken(id: string): void {
    if (this.sessions.has(id) || this.deleted.has(id)) throw new Error('SessionExistsError');
  }

  #expect({ version }: ModelSession, expected: Expected): void {
    if (expected != null && expected !== version) throw new Error('ConflictError');
  }

  create(id: string, parentId: string | null, given: ModelCreation = {}) {
    const { userId, key = null, messages = [], cost = null, forkedFrom = null } = given;
    this.#refuseTaken(id);
    const parent = parentId === null ? null : this.get(parentId);
    this.#refuseKey(id, key, parent ? this.owner(parent.id) : (userId ?? null));
    if (parent?.archived) throw new Error('SessionArchivedError');
    const inherited = userId === undefined ? (parent?.userId ?? null) : userId;
    const project = given.project === undefined ? (parent?.project ?? null) : given.project;
    const metadata = given.metadata ?? {};
    const session = this.#add({
      ...changed(UNDESCRIBED, { ...given, project, metadata: {} }),
      metadata,
      id,
      parentId,
      userId: inherited,
      key,
      spawnedBy: spawnedBy(parentId, given.spawnedBy),
      forkedFrom,
    });
    this.#say(session, messages, cost);
    return { id };
  }

  /** `newId` is the id of the session that is created, where `id` is null. */
  getOrCreate(id: string | null, parentId: string | null, given: ModelCreation, newId: string) {
    const { key = null, userId = null } = given;
    const owner = key === null || parentId === null ? userId : this.owner(parentId);
    const byKey = key === null ? null : this.withKey(key, owner);
    const byId = id !== null && this.sessions.has(id) ? id : null;
    if (byId !== null && byKey !== null && byId !== byKey) throw new Error('SessionExistsError');
    if (id !== null && this.deleted.has(id)) throw new Error('SessionExistsError');
    const there = byId ?? byKey;
    if (there === null) return { isNew: true, session: this.create(id ?? newId, parentId, given) };
    if (this.get(there).parentId !== parentId) throw new Error('SessionExistsError');
    return { isNew: false, session: { id: there } };
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

  append(
    id: string,
    messages: readonly Said[],
    cost: Cost | null,
    onKey: KeyConflict | null = null,
    expectedVersion: Expected = null,
  ) {
    const { messages: written, session } = this.#write(this.get(id), {
      messages,
      cost,
      onKey,
      expectedVersion,
    });
    return { messages: written, session };
  }

  /** Creates the session if it is missing and `create` is given; `create.userId` is the owner of a root, and of `create.parentKey`. */
  write(id: string, write: ModelWrite, create: ModelCreateIfMissing | null) {
    if (!create || this.sessions.has(id)) return this.#write(this.get(id), write);
    this.#refuseTaken(id);
    return this.#create(id, null, create.userId ?? null, write, create);
  }

  /** As `write`; `newId` is the id of the session that is created. */
  writeByKey(
    key: string,
    owner: string | null,
    write: ModelWrite,
    create: ModelCreateIfMissing | null,
    newId: string,
  ) {
    const id = this.withKey(key, owner);
    if (id !== null) return this.#write(this.get(id), write);
    if (!create) throw new Error('SessionNotFoundError');
    return this.#create(newId, key, owner, write, create);
  }

  #create(
    id: string,
    key: string | null,
    owner: string | null,
    { keep, keepThroughKey, messages, cost, expectedVersion, ...write }: ModelWrite,
    { parentId: givenId = null, parentKey = null, ...create }: ModelCreateIfMissing,
  ) {
    if ((keep ?? 0) > 0 || keepThroughKey != null) throw new Error('InvalidInputError');
    if (expectedVersion != null && expectedVersion > 0) throw new Error('ConflictError');
    const parentId = parentKey === null ? givenId : this.withKey(parentKey, owner);
    if (parentKey !== null && parentId === null) throw new Error('SessionNotFoundError');
    if (key !== null && parentId !== null && this.owner(parentId) !== owner)
      throw new Error('InvalidInputError');
    const copied = messages.findIndex(({ isCopy }) => isCopy !== true);
    const origin = { messageId: null, historyLength: copied === -1 ? messages.length : copied };
    const described = changed({ ...UNDESCRIBED, metadata: create.metadata ?? {} }, write);
    this.create(id, parentId, {
      ...create,
      ...described,
      // Null means left out.
      project: create.project ?? undefined,
      agentName: create.agentName,
      title: write.title === undefined ? create.title : write.title,
      userId: parentId === null ? owner : undefined,
      key,
      messages,
      cost,
      forkedFrom: create.forkedFrom ? { ...create.forkedFrom, ...origin } : null,
    });
    const places = messages.map((_, ordinal) => ({ ordinal }));
    return { isNew: true, removedCount: 0, messages: places, session: { id } };
  }

  #write(
    session: ModelSession,
    { messages, cost, onKey, keep: kept, keepThroughKey, dropLast, expectedVersion, ...change }: ModelWrite,
  ) {
    this.#expect(session, expectedVersion);
    if (session.archived) throw new Error('SessionArchivedError');
    const keep = keepOf(session.history, { keep: kept, keepThroughKey, dropLast });
    const dropped = session.history.slice(keep);
    const stay = session.history.slice(0, keep);
    const there = ({ key }: Said) => stay.findIndex((each) => key !== null && each.key === key);
    if ((onKey ?? 'ERROR') === 'ERROR' && messages.some((said) => there(said) !== -1))
      throw new Error('ConflictError');
    let isChanged = dropped.length > 0;
    session.history = stay;
    this.#leave(session, dropped);
    const places = messages.map((said, n) => {
      const position = there(said);
      if (position === -1) {
        const before = dropped.find(({ key }) => said.key !== null && key === said.key);
        this.#say(session, [said], cost, n);
        this.#unpay(session, before);
        isChanged = true;
        return { ordinal: session.nextOrdinal - 1 };
      }
      const before = stay[position]!;
      const after = { ...before, ...said, role: roleOf(said, n), ...costOf(cost) };
      const form = { ...after, isCopy: said.isCopy ?? before.isCopy };
      if (onKey === 'REPLACE' && !before.isRedacted && !isSame(before, form)) {
        this.#unpay(session, before);
        stay[position] = { ...after, isCopy: said.isCopy ?? false };
        this.#pay(session, stay[position], cost);
        isChanged = true;
      }
      return { ordinal: before.ordinal };
    });
    const described = changed(session, change);
    if (!isSameDescription(session, described)) {
      Object.assign(session, described);
      isChanged = true;
    }
    if (isChanged) session.version += 1;
    return { isNew: false, removedCount: dropped.length, messages: places, session: { id: session.id } };
  }

  #leave(session: ModelSession, dropped: readonly ModelMessage[], isPurged = false): void {
    const left = dropped.map(
      ({ ordinal, isRedacted }) => [ordinal, isPurged || isRedacted === true] as const,
    );
    session.left = new Map([...session.left, ...left]);
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

  #pay(session: ModelSession, { isCopy }: Pick<ModelMessage, 'isCopy'>, cost: Cost | null): void {
    if (cost !== null && !isCopy) session.paid = [...session.paid, { ...cost, sessionId: session.id }];
  }

  /** `first` is the index of the first message among those of the mutation. */
  #say(session: ModelSession, messages: readonly Said[], cost: Cost | null, first = 0): void {
    for (const [n, said] of messages.entries()) {
      const message = {
        ...said,
        ordinal: session.nextOrdinal,
        role: roleOf(said, first + n),
        ...costOf(cost),
        isCopy: said.isCopy ?? false,
      };
      session.history.push(message);
      session.nextOrdinal += 1;
      this.#pay(session, message, cost);
    }
  }

  update(
    id: string,
    {
      key,
      spawnedBy: origin,
      expectedVersion,
      ...change
    }: DescriptionChange & {
      readonly key?: string | null | undefined;
      readonly spawnedBy?: NewSpawnOrigin | null | undefined;
      readonly expectedVersion?: Expected;
    },
  ) {
    const session = this.get(id);
    this.#refuseKey(id, key ?? null, this.owner(id));
    this.#expect(session, expectedVersion);
    const spawned = origin ? spawnedBy(session.parentId, origin) : session.spawnedBy;
    Object.assign(session, changed(session, change), { spawnedBy: spawned });
    if (key !== undefined) session.key = key;
    session.version += 1;
    return { id };
  }

  delete(id: string, mode: DeleteMode, expectedVersion: Expected = null, purge = false) {
    const session = this.get(id);
    const { parentId } = session;
    this.#expect(session, expectedVersion);
    const children = this.children(id);
    if (mode === 'RESTRICT' && children.length > 0) throw new Error('SessionHasChildrenError');
    if (mode === 'REPARENT' && session.parentId === null)
      for (const child of children) this.#refuseClash(child, child.userId);
    const deletedIds = [session, ...(mode === 'CASCADE' ? this.descendants(id) : [])].map((each) => each.id);
    const reparented = mode === 'REPARENT' ? children : [];
    for (const child of reparented) this.#place(child, session.parentId);
    for (const each of deletedIds) {
      this.#remove(each);
      if (purge) this.purged.add(each);
    }
    return { parentId, deletedIds, reparentedIds: reparented.map((child) => child.id) };
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

  move(id: string, parentId: string | null, expectedVersion: Expected = null) {
    const session = this.get(id);
    const formerParentId = session.parentId;
    this.#expect(session, expectedVersion);
    if (parentId !== null) {
      this.get(parentId);
      if (parentId === id || this.ancestors(parentId).includes(session)) throw new Error('InvalidInputError');
    }
    this.#refuseClash(session, parentId === null ? session.userId : this.owner(parentId));
    this.#place(session, parentId);
    return { formerParentId, session: { id } };
  }

  archive(id: string, archived: boolean, subtree: boolean, expectedVersion: Expected = null) {
    this.#expect(this.get(id), expectedVersion);
    const changedIds: string[] = [];
    for (const session of [this.get(id), ...(subtree ? this.descendants(id) : [])]) {
      if (session.archived === archived) continue;
      session.archived = archived;
      session.version += 1;
      changedIds.push(session.id);
    }
    return { changedIds, session: { id } };
  }

  truncate(
    id: string,
    length: number,
    { purge = false, expectedVersion }: { purge?: boolean; expectedVersion?: Expected } = {},
  ) {
    const session = this.get(id);
    this.#expect(session, expectedVersion);
    if (session.archived) throw new Error('SessionArchivedError');
    if (length > session.history.length) throw new Error('InvalidInputError');
    const dropped = session.history.slice(length);
    session.history = session.history.slice(0, length);
    this.#leave(session, dropped, purge);
    session.version += 1;
    return { removedCount: dropped.length, session: { id } };
  }

  /** Redacts a message that the session has or had, without its copies. */
  redact(id: string, ordinal: number): void {
    this.redactAll([{ sessionId: id, ordinal }]);
  }

  redactAll(messages: readonly MessageRef[]): void {
    for (const { sessionId, ordinal } of messages)
      if (ordinal >= this.get(sessionId).nextOrdinal) throw new Error('InvalidInputError');
    for (const id of new Set(messages.map(({ sessionId }) => sessionId))) {
      const ordinals = messages.filter(({ sessionId }) => sessionId === id).map(({ ordinal }) => ordinal);
      const session = this.get(id);
      const isMeant = (ordinal: number) => ordinals.includes(ordinal);
      const isNew =
        session.history.some(({ ordinal, isRedacted }) => isMeant(ordinal) && !isRedacted) ||
        [...session.left].some(([ordinal, isRedacted]) => isMeant(ordinal) && !isRedacted);
      session.history = session.history.map((message) =>
        isMeant(message.ordinal) ? { ...message, content: '', isRedacted: true } : message,
      );
      const left = [...session.left].map(([ordinal, was]) => [ordinal, was || isMeant(ordinal)] as const);
      session.left = new Map(left);
      if (isNew) session.version += 1;
    }
  }

  /** Through the message at position `last`. */
  fork(
    id: string,
    newId: string,
    last: number,
    asRoot: boolean,
    key: string | null,
    { title, expectedVersion }: { title?: string | null; expectedVersion?: Expected } = {},
  ) {
    this.#refuseTaken(newId);
    const origin = this.get(id);
    this.#refuseKey(newId, key, asRoot ? origin.userId : this.owner(id));
    this.#expect(origin, expectedVersion);
    const copied = origin.history.slice(0, last + 1);
    const lastCopied = copied.at(-1);
    this.#add({
      id: newId,
      parentId: asRoot ? null : id,
      title: title ?? origin.title,
      agentName: origin.agentName,
      project: origin.project,
      metadata: origin.metadata,
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
    return { id: newId };
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
    before.isCopy === after.isCopy &&
    before.usage?.costUsd === after.usage?.costUsd &&
    before.model === after.model &&
    before.createdAt?.getTime() === after.createdAt?.getTime()
  );
}
