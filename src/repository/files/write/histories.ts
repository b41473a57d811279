import { type IdHolder, SessionExistsError, SessionNotFoundError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { AnswerLimits, CreateIfMissing, WriteHistory, WrittenHistory } from '../../mutations.ts';
import {
  CREATE_PATH,
  CREATED,
  createdHistory,
  creationOf,
  hidden,
  isAbout,
  knownBefore,
  notFound,
  refuseOtherOwner,
  refuseUnlikeNew,
} from '../../plans/new-history.ts';
import type { MetadataLimits } from '../../records/mutation-records.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';
import type { IndexWalks } from '../index/walks.ts';
import type { Creations } from './creations.ts';
import type { HistoryWrites } from './history-writes.ts';
import type { SessionKeys } from './session-keys.ts';

/** How often a session is looked for that was there, but is deleted or has another key when its turn to be written comes. */
const TRIES_MAX = 10;

export interface HistoriesParts {
  readonly index: IndexReader;
  readonly writes: HistoryWrites;
  readonly creations: Creations;
  readonly keys: SessionKeys;
  readonly limits: MetadataLimits;
  /** Calls `create` with the id `named`, or a new one, while nobody else can give it to a session. */
  readonly withId: <T>(
    named: string | null | undefined,
    create: (id: string, taken: IdHolder | null) => Promise<T>,
  ) => Promise<T>;
  readonly inSight: IndexWalks['inSight'];
}

/** Finds the session of a write, or makes it. */
export class Histories {
  readonly #parts: HistoriesParts;

  constructor(parts: HistoriesParts) {
    this.#parts = parts;
  }

  /** See `SessionRepository.writeHistory`. */
  async write(
    input: WriteHistory,
    limits: AnswerLimits,
    operation: Operation | undefined,
  ): Promise<WrittenHistory> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#writeOnce(input, limits, operation);
      } catch (error) {
        // The session was deleted, or lost its key, after it was found.
        const isGone = error instanceof SessionNotFoundError && isAbout(error, input);
        if (!isGone || tries === TRIES_MAX || (!input.create && !this.#find(input))) throw error;
      }
    }
  }

  /** The answer to a retry. `sessionOf` gives the session as it is now; if it was deleted, with what is `known` of it. */
  again(
    applied: AppliedOperation,
    input: WriteHistory,
    limits: AnswerLimits,
    sessionOf: (known: Partial<Session>) => Session,
  ): Promise<WrittenHistory> {
    const known = knownBefore(applied, input, this.#parts.limits);
    return this.#parts.writes.again(applied, sessionOf(known), input, limits);
  }

  async #writeOnce(
    input: WriteHistory,
    limits: AnswerLimits,
    operation: Operation | undefined,
  ): Promise<WrittenHistory> {
    const { sessionId, create, key, sight } = input;
    const named = key == null ? undefined : { key, ownerId: input.ownerId ?? null };
    const write = async ({ id }: SessionRow) => {
      if (sight && !(await this.#parts.inSight([id], sight))[0]) throw hidden(input, id);
      try {
        return await this.#parts.writes.write({ ...input, sessionId: id, named }, limits, operation);
      } catch (error) {
        const isGone = error instanceof SessionNotFoundError && error.sessionId === id;
        throw isGone && key != null ? SessionNotFoundError.key(key) : error;
      }
    };
    const found = this.#find(input);
    if (found) return await write(found);
    if (!create) throw notFound(input);
    return await this.#parts.withId(sessionId, (id, taken) => {
      const make = async (there: SessionRow | undefined | null) => {
        if (there) return await write(there);
        if (taken !== null) throw SessionExistsError.id(id, taken);
        return await this.#create(id, input, create, operation);
      };
      if (key == null) return make(this.#parts.index.row(id));
      return this.#parts.keys.holding(key, input.ownerId ?? null, make);
    });
  }

  #find({ sessionId, key, ownerId }: WriteHistory): SessionRow | null {
    const { index } = this.#parts;
    return sessionId != null ? (index.row(sessionId) ?? null) : index.withKey(key!, ownerId ?? null);
  }

  async #create(
    id: string,
    input: WriteHistory,
    create: CreateIfMissing,
    operation: Operation | undefined,
  ): Promise<WrittenHistory> {
    refuseUnlikeNew(id, input);
    const { creations, keys, limits } = this.#parts;
    const parentId = this.#parentOf(create, input.ownerId ?? null);
    if (input.key != null && parentId !== null) refuseOtherOwner(keys.ownerOf(parentId), input);
    const session = await creations.create(id, creationOf(id, parentId, input, create, limits), operation, {
      answer: CREATED,
      root: CREATE_PATH,
    });
    return createdHistory(session, input);
  }

  #parentOf({ parentId, parentKey }: CreateIfMissing, ownerId: string | null): string | null {
    if (parentKey == null) return parentId ?? null;
    const parent = this.#parts.index.withKey(parentKey, ownerId);
    if (!parent) throw SessionNotFoundError.key(parentKey);
    return parent.id;
  }
}
