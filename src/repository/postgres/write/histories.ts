import { SessionExistsError, SessionNotFoundError } from '../../../model/errors.ts';
import { newSessionId } from '../../../model/id.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type {
  AnswerLimits,
  Appended,
  AppendMessages,
  CreateIfMissing,
  Truncated,
  TruncateHistory,
  WriteHistory,
  WrittenHistory,
} from '../../mutations.ts';
import {
  CREATE_PATH,
  CREATED,
  createdHistory,
  creationOf,
  hidden,
  knownBefore,
  notFound,
  refuseOtherOwner,
  refuseUnlikeNew,
} from '../../plans/new-history.ts';
import type { ReadLimit } from '../../reads.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import { KeyedMutex } from '../../runtime/keyed-mutex.ts';
import { recentlyUsed } from '../../runtime/recently-used.ts';
import { SessionReads } from '../read/session-reads.ts';
import { ownerColumn, ownerIdOf, type SessionRow } from '../rows/session-row.ts';
import { HistoryWrites } from './history-writes.ts';
import type { WriteParts } from './parts.ts';
import { keyHolder, rowOfId, rowOfKey } from './session-there.ts';

/** How often a write begins, while other mutations create, delete or rename its session between the look for it and the write. */
const TRIES_MAX = 10;

/** Keys of sessions that are remembered. */
const NAMED_MAX = 50_000;

/** Writes to histories: finds the session of a write, or makes it. Methods with `Again` answer a retry. */
export class Histories {
  readonly #parts: WriteParts;
  readonly #writes: HistoryWrites;
  readonly #sessions: SessionReads;
  /** Sessions that are being made: writes of this instance do not race for them in the database. */
  readonly #creating = new KeyedMutex();
  /** Which sessions were last seen to have keys. That is looked at again behind the lock of the tree. */
  readonly #named = recentlyUsed<string, string>(NAMED_MAX);

  constructor(parts: WriteParts) {
    this.#parts = parts;
    this.#writes = new HistoryWrites(parts);
    this.#sessions = new SessionReads(parts);
  }

  async append(input: AppendMessages, limit: ReadLimit | null, operation: Operation): Promise<Appended> {
    const { session, messages } = await this.#writes.write(input, ofAppend(limit), operation);
    return { session, messages };
  }

  /** `session` is the session as it is now. */
  async appendAgain(
    applied: AppliedOperation,
    input: AppendMessages,
    limit: ReadLimit | null,
    now: Session,
  ): Promise<Appended> {
    const { session, messages } = await this.#writes.again(applied, now, input, ofAppend(limit));
    return { session, messages };
  }

  async truncate(
    { purge, ...input }: TruncateHistory,
    limit: ReadLimit | null,
    operation: Operation,
  ): Promise<Truncated> {
    const write = { ...input, isTruncation: true, isPurge: purge ?? false };
    return truncatedOf(await this.#writes.write(write, ofTruncation(limit), operation));
  }

  /** `session` is the session as it is now. */
  async truncateAgain(
    applied: AppliedOperation,
    limit: ReadLimit | null,
    session: Session,
  ): Promise<Truncated> {
    return truncatedOf(await this.#writes.again(applied, session, {}, ofTruncation(limit)));
  }

  async planTruncate(input: TruncateHistory, limit: ReadLimit | null): Promise<Truncated> {
    return truncatedOf(await this.#writes.foresee(input, ofTruncation(limit)));
  }

  /** See `SessionRepository.writeHistory`. */
  async write(input: WriteHistory, limits: AnswerLimits, operation: Operation): Promise<WrittenHistory> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#writeOnce(input, limits, operation);
      } catch (error) {
        if (!(error instanceof OutdatedError)) throw error;
        if (tries === TRIES_MAX) throw error.cause;
      }
    }
  }

  /** `sessionOf` gives the session as it is now; if it was deleted, with what is `known` of it. */
  async writeAgain(
    applied: AppliedOperation,
    input: WriteHistory,
    limits: AnswerLimits,
    sessionOf: (known: Partial<Session>) => Promise<Session>,
  ): Promise<WrittenHistory> {
    const known = knownBefore(applied, input, this.#parts.limits);
    return await this.#writes.again(applied, await sessionOf(known), input, limits);
  }

  async #writeOnce(input: WriteHistory, limits: AnswerLimits, operation: Operation): Promise<WrittenHistory> {
    const { sessionId, key } = input;
    if (key != null) return await this.#writeToKey(key, input, limits, operation);
    const { places } = this.#parts;
    // No await if the session is known: writes are applied in the order of their calls.
    const place = places.known(sessionId!) ?? (await places.one(sessionId!));
    if (place) return await this.#writeTo(sessionId!, input, limits, operation);
    return await this.#creating.during(JSON.stringify([sessionId]), () => this.#create(input, operation));
  }

  async #writeToKey(
    key: string,
    input: WriteHistory,
    limits: AnswerLimits,
    operation: Operation,
  ): Promise<WrittenHistory> {
    const { ownerId = null } = input;
    const name = JSON.stringify([ownerId, key]);
    const find = async () => {
      const known = this.#named.get(name);
      if (known !== undefined) return known;
      const holder = await keyHolder(this.#parts.database, ownerColumn(ownerId), key);
      if (!holder) return await this.#create(input, operation);
      this.#named.set(name, holder.id);
      return holder.id;
    };
    const found = this.#named.get(name) ?? (await this.#creating.during(name, find));
    if (typeof found !== 'string') {
      this.#named.set(name, found.session.id);
      return found;
    }
    try {
      return await this.#writeTo(found, input, limits, operation);
    } catch (error) {
      if (error instanceof OutdatedError) this.#named.delete(name);
      throw error;
    }
  }

  async #writeTo(
    id: string,
    input: WriteHistory,
    limits: AnswerLimits,
    operation: Operation,
  ): Promise<WrittenHistory> {
    const { key, sight, create } = input;
    const named = key == null ? undefined : { key, ownerId: input.ownerId ?? null };
    if (sight && !(await this.#sessions.areInSight([id], sight))[0]) throw hidden(input, id);
    try {
      return await this.#writes.write({ ...input, sessionId: id, named }, limits, operation);
    } catch (error) {
      if (!(error instanceof SessionNotFoundError)) throw error;
      // The session was deleted, or lost its key, after it was found. An id stays taken.
      if (key != null) throw new OutdatedError(SessionNotFoundError.key(key));
      throw create ? SessionExistsError.id(id, 'DELETED_SESSION') : error;
    }
  }

  async #create(input: WriteHistory, operation: Operation): Promise<WrittenHistory> {
    const { creations, limits, places } = this.#parts;
    const { sessionId, key, create } = input;
    if (!create) throw notFound(input);
    if (sessionId != null && places.known(sessionId)) throw new OutdatedError(notFound(input));
    const id = sessionId ?? newSessionId();
    refuseUnlikeNew(id, input);
    const parent = await this.#parentOf(create, input.ownerId ?? null);
    if (key != null && parent) refuseOtherOwner(ownerIdOf(parent.owner), input);
    const creation = creationOf(id, parent?.id ?? null, input, create, limits);
    try {
      const session = await creations.create(id, creation, operation, { answer: CREATED, root: CREATE_PATH });
      return createdHistory(session, input);
    } catch (error) {
      // Another write was given the id or the key since.
      throw error instanceof SessionExistsError ? new OutdatedError(error) : error;
    }
  }

  /** The parent of a new session, as far as it must be known. */
  async #parentOf(
    { parentId, parentKey }: CreateIfMissing,
    ownerId: string | null,
  ): Promise<SessionRow | null> {
    if (parentKey == null) return parentId == null ? null : await this.#existing(parentId);
    const parent = await rowOfKey(this.#parts.database, parentKey, ownerId);
    if (!parent) throw SessionNotFoundError.key(parentKey);
    return parent;
  }

  async #existing(id: string): Promise<SessionRow> {
    const row = await rowOfId(this.#parts.database, this.#parts.places, id);
    if (!row) throw new SessionNotFoundError(id);
    return row;
  }
}

/** What was found of a session has changed before the write: the write begins again. */
class OutdatedError extends Error {
  override readonly name = 'OutdatedError';
  override readonly cause: Error;

  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}

function ofAppend(limit: ReadLimit | null): AnswerLimits {
  return { messages: limit, removed: null };
}

function ofTruncation(limit: ReadLimit | null): AnswerLimits {
  return { messages: null, removed: limit };
}

function truncatedOf({ session, removedCount, removed }: Truncated): Truncated {
  return { session, removedCount, removed };
}
