import { type Caller, mayUse } from '../../model/caller.ts';
import { SessionExistsError, SessionNotFoundError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { Session } from '../../model/session.ts';
import type * as mutations from '../mutations.ts';
import type { ReadOptions } from '../read-options.ts';
import type { ReadLimit } from '../reads.ts';
import type { SessionRepository } from '../repository.ts';
import {
  operationsCaller,
  refuseHandingOver,
  refuseOther,
  refuseRoot,
  refuseTop,
  refuseToWrite,
} from './rights.ts';
import { ScopedReader } from './scoped-reader.ts';
import type { SessionQuota } from './session-quota.ts';

const storeOfScoped = new WeakMap<SessionRepository, SessionRepository>();

/** Under this name, a repository that passes all calls on says to which store. */
export const STORE_BEHIND = Symbol('store behind');

/**
 * The store as a caller sees it: every resolver reads and writes through it, so that a new field cannot forget who asks. What the caller
 * may not see does not exist for it: no more of that is read than where it is and whose. `repository` itself if the caller may do
 * everything and has no name. `quota` bounds the sessions of its user, unless the caller is an admin.
 */
export function scopedTo(
  repository: SessionRepository,
  caller: Caller,
  quota: SessionQuota | null = null,
): SessionRepository {
  const { userId, subtreeId } = caller;
  if (userId === null && subtreeId === null && mayUse(caller, 'admin')) return repository;
  const scoped = new ScopedRepository(repository, caller, mayUse(caller, 'admin') ? null : quota);
  storeOfScoped.set(scoped, repository);
  return scoped;
}

/** The store behind a repository that `scopedTo` returned: for what is kept for all of its callers together. */
export function storeBehind(repository: SessionRepository): SessionRepository {
  const store: SessionRepository & { readonly [STORE_BEHIND]?: SessionRepository } =
    storeOfScoped.get(repository) ?? repository;
  return store[STORE_BEHIND] ?? store;
}

/** Writes reject with a ForbiddenError too; `rights.ts` says when. */
class ScopedRepository extends ScopedReader implements SessionRepository {
  readonly #operationsOf: string | null;
  readonly #quota: SessionQuota | null;

  constructor(store: SessionRepository, caller: Caller, quota: SessionQuota | null) {
    super(store, caller);
    this.#quota = quota;
    this.#operationsOf = operationsCaller(caller);
  }

  async create(input: mutations.CreateSession, operation?: Operation): Promise<Session> {
    const creation = await this.#creation(input);
    const create = (made: mutations.CreateSession) => this.store.create(made, this.#of(operation));
    const session = await this.#making(creation, create);
    // A retry finds what was made then, wherever it is now.
    if (!(await this.sees(session.id))) throw SessionExistsError.hidden(session);
    return this.showOne(session);
  }

  async getOrCreate(input: mutations.CreateSession, operation?: Operation): Promise<mutations.Created> {
    const creation = await this.#creation(input);
    const create = (made: mutations.CreateSession) => this.store.getOrCreate(made, this.#of(operation));
    const { session, isNew } = await this.#making(creation, create);
    if (!(await this.sees(session.id))) throw SessionExistsError.hidden(isNew ? session : input);
    return { session: await this.showOne(session), isNew };
  }

  async append(
    input: mutations.AppendMessages,
    operation?: Operation,
    limit?: ReadLimit | null,
  ): Promise<mutations.Appended> {
    await this.#target(input.sessionId);
    const appended = await this.store.append(input, this.#of(operation), limit);
    return { ...appended, session: await this.#answered(appended.session) };
  }

  async writeHistory(
    input: mutations.WriteHistory,
    limits: mutations.AnswerLimits,
    operation?: Operation,
  ): Promise<mutations.WrittenHistory> {
    refuseToWrite(this.caller);
    const { create } = input;
    refuseOther(this.caller, input.ownerId, 'ownerId');
    const own = { ...input, ownerId: this.#ownerOr(input.ownerId), sight: this.sight };
    await this.#writeTarget(own);
    if (create?.parentId != null) await this.#target(create.parentId);
    const write = (made: mutations.WriteHistory) =>
      this.store.writeHistory(made, limits, this.#of(operation));
    const written = create ? await this.#making(own, write) : await this.#naming(() => write(own));
    return { ...written, session: await this.#answered(written.session) };
  }

  async update(input: mutations.UpdateSession, operation?: Operation): Promise<Session> {
    await this.#target(input.sessionId);
    return this.#answered(await this.#naming(() => this.store.update(input, this.#of(operation))));
  }

  async delete(input: mutations.DeleteSession, operation?: Operation): Promise<mutations.Deleted> {
    await this.#deletion(input);
    return this.#deleted(await this.store.delete(input, this.#of(operation)));
  }

  async planDelete(input: mutations.DeleteSession, options?: ReadOptions): Promise<mutations.Deleted> {
    await this.#deletion(input, options);
    return this.#deleted(await this.store.planDelete(input, options));
  }

  async fork(
    input: mutations.ForkSession,
    operation?: Operation,
    onWrite?: (bytes: number) => void,
  ): Promise<Session> {
    await this.#target(input.sessionId);
    if (input.asRoot) await this.#becomesRoot(input.sessionId);
    const fork = (made: mutations.ForkSession) => this.store.fork(made, this.#of(operation), onWrite);
    return this.#answered(await this.#making(input, fork));
  }

  /** The copy of a session of another store names its user, its times and its costs itself. */
  async restore(input: mutations.RestoreSession): Promise<Session> {
    refuseOther(this.caller, input.userId, 'userId');
    if (input.parentId === null) refuseRoot(this.caller);
    else await this.#target(input.parentId);
    return this.#answered(await this.#naming(() => this.store.restore(input)));
  }

  async move(input: mutations.MoveSession, operation?: Operation): Promise<mutations.Moved> {
    await this.#target(input.sessionId);
    refuseTop(this.caller, input.sessionId);
    if (input.parentId === null) await this.#becomesRoot(input.sessionId);
    else await this.#target(input.parentId);
    const { session, formerParentId } = await this.store.move(input, this.#of(operation));
    return { session: await this.#answered(session), formerParentId: await this.seenId(formerParentId) };
  }

  async archive(input: mutations.ArchiveSession, operation?: Operation): Promise<mutations.Archived> {
    await this.#target(input.sessionId);
    const archived = await this.store.archive(input, this.#of(operation));
    return { ...archived, session: await this.#answered(archived.session) };
  }

  async truncate(
    input: mutations.TruncateHistory,
    limit: ReadLimit | null,
    operation?: Operation,
  ): Promise<mutations.Truncated> {
    await this.#target(input.sessionId);
    const truncated = await this.store.truncate(input, limit, this.#of(operation));
    return { ...truncated, session: await this.#answered(truncated.session) };
  }

  async planTruncate(
    input: mutations.TruncateHistory,
    limit: ReadLimit | null,
  ): Promise<mutations.Truncated> {
    await this.#target(input.sessionId);
    const truncated = await this.store.planTruncate(input, limit);
    return { ...truncated, session: await this.#answered(truncated.session) };
  }

  /** Copies in trees out of sight stay. */
  async redact(input: mutations.RedactMessages, operation?: Operation): Promise<mutations.Redacted> {
    for (const { sessionId } of input.messages) await this.#target(sessionId);
    return this.store.redact({ ...input, sight: this.sight }, this.#of(operation));
  }

  /**
   * The session of an answer. It may be out of sight by then: a retry finds what the first request made wherever it is now, and another
   * caller may have moved the session just after it was changed.
   */
  async #answered(session: Session): Promise<Session> {
    if (!(await this.sees(session.id))) throw new SessionNotFoundError(session.id);
    return this.showOne(session);
  }

  /** Refuses a mutation of a session out of sight. A retry of a mutation finds a session that was deleted since. */
  async #target(sessionId: string, options?: ReadOptions): Promise<void> {
    refuseToWrite(this.caller);
    if (!(await this.sees(sessionId, options))) throw new SessionNotFoundError(sessionId);
  }

  /** The creation as the caller may make it. A new root belongs to the caller unless an admin says otherwise. */
  async #creation(input: mutations.CreateSession): Promise<mutations.CreateSession> {
    refuseToWrite(this.caller);
    const { parentId, userId } = input;
    refuseOther(this.caller, userId, 'userId');
    if (parentId != null) {
      await this.#target(parentId);
      return input;
    }
    refuseRoot(this.caller);
    return { ...input, userId: this.#ownerOr(userId) };
  }

  /** Refuses a write to a session out of sight, and the creation of a root by a caller who may make none. */
  async #writeTarget({ sessionId, key, ownerId, create }: mutations.WriteHistory): Promise<void> {
    if (!this.sight) return;
    const [found] =
      sessionId != null
        ? await this.store.findMany([sessionId])
        : await this.store.findByKeys([{ key: key!, ownerId: ownerId ?? null }]);
    if (found && !(await this.sees(found.id))) {
      if (create) throw SessionExistsError.hidden({ id: sessionId, key });
      throw sessionId != null ? new SessionNotFoundError(sessionId) : SessionNotFoundError.key(key!);
    }
    if (found || !create) return;
    const { parentId, parentKey } = create;
    if (parentKey != null) {
      const [parent] = await this.findByKeys([{ key: parentKey, ownerId: ownerId ?? null }]);
      if (!parent) throw SessionNotFoundError.key(parentKey);
    } else if (parentId == null) refuseRoot(this.caller);
  }

  async #deletion({ sessionId, mode }: mutations.DeleteSession, options?: ReadOptions): Promise<void> {
    await this.#target(sessionId, options);
    refuseTop(this.caller, sessionId);
    if (mode !== 'REPARENT' || !this.sight) return;
    const [session] = await this.store.findMany([sessionId], options);
    if (!session || session.rootId !== sessionId) return;
    // The children become roots.
    const children = { parentId: sessionId, archived: 'INCLUDE' } as const;
    const own = await this.store.count({ ...children, userId: this.caller.userId }, options);
    if (own < (await this.store.count(children, options))) refuseHandingOver(this.caller, null);
  }

  async #deleted(deleted: mutations.Deleted): Promise<mutations.Deleted> {
    return { ...deleted, parentId: await this.seenId(deleted.parentId) };
  }

  async #becomesRoot(sessionId: string): Promise<void> {
    refuseRoot(this.caller);
    if (!this.sight) return;
    const [session] = await this.store.findMany([sessionId]);
    if (session) refuseHandingOver(this.caller, session.userId);
  }

  /** The user of a new root, or the owner of a key: the caller, unless an admin says otherwise. */
  #ownerOr(userId: string | null | undefined): string | null {
    if (userId === undefined || !mayUse(this.caller, 'admin')) return this.caller.userId;
    return userId;
  }

  /** Runs a write that may make a session of the caller, if its quota allows one more. */
  async #making<Input extends mutations.Admitted, T>(
    input: Input,
    write: (input: Input) => Promise<T>,
  ): Promise<T> {
    if (!this.#quota) return this.#naming(() => write(input));
    const place = await this.#quota.prepare(this.store, this.caller.userId);
    let isWritten = false;
    try {
      const written = await this.#naming(() => write({ ...input, admit: place.take }));
      isWritten = true;
      return written;
    } finally {
      place.end(isWritten);
    }
  }

  /**
   * Runs a write that gives a session an id or a key. If that is taken by a session out of sight, the error says nothing more. To a caller
   * who sees a subtree, it never does: it could name the parent of the top, or who has the key beside.
   */
  async #naming<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof SessionExistsError) || !this.sight) throw error;
      const { sessionId: id, key } = error;
      const isHidden = this.caller.subtreeId !== null || (id !== null && !(await this.sees(id)));
      throw isHidden ? SessionExistsError.hidden({ id, key }) : error;
    }
  }

  #of(operation: Operation | undefined): Operation | undefined {
    return operation && { ...operation, caller: this.#operationsOf };
  }
}
