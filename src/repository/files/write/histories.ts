import {
  ConflictError,
  type IdHolder,
  InvalidInputError,
  SessionExistsError,
  SessionNotFoundError,
} from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { ForkOrigin, Session } from '../../../model/session.ts';
import type {
  AnswerLimits,
  CreateIfMissing,
  CreateSession,
  WriteHistory,
  WrittenHistory,
} from '../../mutations.ts';
import { appending, placesOf } from '../../records/encode-history.ts';
import { changedMetadata, type MetadataLimits } from '../../records/mutation-records.ts';
import type { OperationAnswer } from '../../records/record.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';
import type { IndexWalks } from '../index/walks.ts';
import type { Creations } from './creations.ts';
import { type HistoryWrites, messageAt } from './history-writes.ts';
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
    const { isNew } = JSON.parse(applied.answer ?? '{}') as OperationAnswer;
    const known =
      isNew && input.create
        ? titled(input, input.create, this.#parts.limits)
        : { title: input.title ?? null };
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
      if (sight && !(await this.#parts.inSight([id], sight))[0]) {
        if (create) throw SessionExistsError.hidden({ id: sessionId, key });
        throw key == null ? new SessionNotFoundError(id) : SessionNotFoundError.key(key);
      }
      try {
        return await this.#parts.writes.write({ ...input, sessionId: id, named }, limits, operation);
      } catch (error) {
        const isGone = error instanceof SessionNotFoundError && error.sessionId === id;
        throw isGone && key != null ? SessionNotFoundError.key(key) : error;
      }
    };
    const found = this.#find(input);
    if (found) return await write(found);
    if (!create) throw key == null ? new SessionNotFoundError(sessionId!) : SessionNotFoundError.key(key);
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
    refuseEnds(input);
    const { expectedVersion } = input;
    if (expectedVersion != null && expectedVersion > 0) throw ConflictError.version(id, expectedVersion, 0);
    const { creations, keys, limits } = this.#parts;
    const { key, ownerId = null, status, statusMessage, messages, admit } = input;
    const parentId = this.#parentOf(create, ownerId);
    if (key != null && parentId !== null && keys.ownerOf(parentId) !== ownerId) {
      const owner = keys.ownerOf(parentId);
      const expected = owner === null ? 'nobody' : `"${owner}"`;
      const got = ownerId === null ? 'nobody' : `"${ownerId}"`;
      const message = `expected ${expected}, who owns the tree of the parent, got ${got}: the key would not be found again`;
      throw new InvalidInputError([{ path: ['input', 'ownerId'], message }]);
    }
    const { parentKey: _, forkedFrom, ...described } = create;
    const whole: CreateSession = {
      ...described,
      id,
      key,
      parentId,
      ...(parentId === null && { userId: ownerId }),
      ...titled(input, create, limits),
      status,
      statusMessage,
      forkedFrom: forkedFrom ? forkOriginOf(forkedFrom, input) : null,
      messages,
      admit,
    };
    const session = await creations.create(id, whole, operation, {
      answer: { isNew: true },
      root: ['input', 'create'],
    });
    const change = appending(NO_HISTORY, messages ?? []);
    const places = placesOf(NO_HISTORY, change);
    return {
      session,
      isNew: true,
      removed: [],
      removedCount: 0,
      messages: change.writes.map((write, n) => messageAt(id, session.updatedAt, write, places[n]!)),
    };
  }

  #parentOf({ parentId, parentKey }: CreateIfMissing, ownerId: string | null): string | null {
    if (parentKey == null) return parentId ?? null;
    const parent = this.#parts.index.withKey(parentKey, ownerId);
    if (!parent) throw SessionNotFoundError.key(parentKey);
    return parent.id;
  }
}

/** True if the session that was not found is the one that the input names. */
function isAbout(error: SessionNotFoundError, { sessionId, key }: WriteHistory): boolean {
  return sessionId == null ? error.key === key : error.sessionId === sessionId;
}

/** The title and the metadata of a new session. Throws an InvalidInputError if the metadata exceeds its limits. */
function titled(input: WriteHistory, create: CreateIfMissing, limits: MetadataLimits) {
  const metadata = create.metadata ?? {};
  return {
    title: (input.title === undefined ? create.title : input.title) ?? null,
    metadata: changedMetadata({ metadata: JSON.stringify(metadata) }, input, limits) ?? metadata,
  };
}

/** The counts of a new session. */
const NO_HISTORY = { historyLength: 0, messageCount: 0, nextOrdinal: 0 } as const;

/** Throws an InvalidInputError if a session that is about to be made cannot end as the input wants. */
function refuseEnds({ keep, keepThroughKey }: WriteHistory): void {
  if (keep != null && keep > 0) {
    const message = `expected 0, the length of the history of a session that is created, got ${keep}`;
    throw new InvalidInputError([{ path: ['input', 'keep'], message }]);
  }
  if (keepThroughKey == null) return;
  const message = `expected no key of a message, since the session is created, got "${keepThroughKey}"`;
  throw new InvalidInputError([{ path: ['input', 'keepThroughKey'], message }]);
}

function forkOriginOf(
  { sessionId, messageId = null }: NonNullable<CreateIfMissing['forkedFrom']>,
  { messages }: WriteHistory,
): ForkOrigin {
  const first = (messages ?? []).findIndex(({ isCopy }) => !isCopy);
  return { sessionId, messageId, historyLength: first === -1 ? (messages?.length ?? 0) : first };
}
