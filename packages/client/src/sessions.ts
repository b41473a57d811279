import { ConflictError, mutationError } from './errors.ts';
import { SESSION, SESSION_CHANGES, SESSIONS } from './generated/operations.ts';
import type {
  ArchiveSessionInput,
  ArchiveSessionPayload,
  CreateSessionInput,
  CreateSessionPayload,
  DeleteSessionInput,
  DeleteSessionPayload,
  ForkSessionInput,
  ForkSessionPayload,
  MoveSessionInput,
  MoveSessionPayload,
  Session,
  SessionChangeKind,
  SessionChanges,
  SessionFilter,
  SessionOrder,
  SpawnSessionInput,
  SpawnSessionPayload,
  UnarchiveSessionInput,
  UnarchiveSessionPayload,
  UpdateSessionInput,
  UpdateSessionPayload,
} from './generated/types.ts';
import { type LiveOptions, subscribe } from './live.ts';
import { type BothWaysOptions, connectionPages, type Pages } from './pages.ts';
import { jittered, pause } from './retry.ts';
import type { RequestOptions, Transport } from './transport.ts';
import { readTree, type SessionTree, type TreeOptions } from './tree.ts';

/** A session by its own name: unique among the trees of one owner, or those of nobody. */
export interface SessionKey {
  readonly key: string;
  readonly ownerId?: string | null;
}

/** Which sessions are listed, and in which order. */
export interface ListSessionsOptions extends BothWaysOptions {
  readonly filter?: SessionFilter;
  /** Default: the latest active first. */
  readonly orderBy?: SessionOrder;
}

/** Which changes are watched, and how much of each. */
export interface WatchOptions extends LiveOptions {
  /** The `cursor` of an earlier batch: the changes since. Default: those from now on. */
  readonly after?: string | null;
  /** Leaves out changes of other kinds; their batches come all the same, for their cursors. */
  readonly kinds?: readonly SessionChangeKind[];
  /** Messages a change, at most. Default: 50. */
  readonly messages?: number;
  /** Cuts the text of each message to so many characters. Default: whole texts. */
  readonly maxContentLength?: number;
}

/** What `update` changes of a session. */
export type SessionPatch = Omit<UpdateSessionInput, 'sessionId' | 'expectedVersion' | 'operationId'>;

/** The input of a mutation of one session, without the id of that session. */
type Rest<Input> = Omit<Input, 'sessionId'>;

/** The sessions of a store: `client.sessions`. */
export class Sessions {
  readonly #transport: Transport;

  /** `new Sessiontree` makes one. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Creates the root of a new tree. With `ifExists: 'RETURN'` and a `key` or an `id`, answers with the session that is there.
   *
   * @example
   * const { session, isNew } = await client.sessions.create({ key: 'slack/1764410400', ifExists: 'RETURN' });
   */
  create(input: CreateSessionInput = {}, options?: RequestOptions): Promise<CreateSessionPayload> {
    return this.#transport.mutate('createSession', input, options);
  }

  /**
   * Creates a child. It has its parent's user and project, unless it is given others.
   *
   * @example
   * const { session } = await client.sessions.spawn('trip', { title: 'Find flights', agentName: 'searcher' });
   */
  spawn(
    parentId: string,
    input?: Omit<SpawnSessionInput, 'parentId'>,
    options?: RequestOptions,
  ): Promise<SpawnSessionPayload> {
    return this.#transport.mutate('spawnSession', { ...input, parentId }, options);
  }

  /**
   * The session with an id or a key; null if there is none.
   *
   * @example
   * const trip = await client.sessions.get('trip');
   * const thread = await client.sessions.get({ key: 'slack/1764410400' });
   */
  async get(idOrKey: string | SessionKey, options?: RequestOptions): Promise<Session | null> {
    const variables = typeof idOrKey === 'string' ? { id: idOrKey } : idOrKey;
    return (await this.#transport.data(SESSION, variables, options)).session;
  }

  /**
   * The sessions of the store, without archived ones unless the filter includes them.
   *
   * @example
   * const roots = client.sessions.list({ filter: { rootsOnly: true, statuses: ['RUNNING', 'WAITING'] } });
   * for await (const { id, title } of roots) console.log(id, title);
   */
  list(list: ListSessionsOptions = {}, options?: RequestOptions): Pages<Session> {
    const { filter, orderBy } = list;
    return connectionPages(list, async (page) => {
      return (await this.#transport.data(SESSIONS, { filter, orderBy, ...page }, options)).sessions;
    });
  }

  /**
   * A session with all beneath it; null if there is none. A large tree is read in several requests: a session that moves meanwhile is where
   * it was last seen.
   *
   * @example
   * const tree = await client.sessions.tree('trip');
   * for (const child of tree?.children ?? []) console.log(child.title, child.children.length);
   */
  tree(id: string, tree: TreeOptions = {}, options?: RequestOptions): Promise<SessionTree | null> {
    return readTree(this.#transport, id, tree, options);
  }

  /**
   * What changes in a session and all beneath it, or in the whole store (null), batch by batch. Goes on by itself after a lost connection,
   * without a gap or a repeat, until the session is deleted or the signal is aborted. Throws what the server refuses for good.
   *
   * The first batch has `isReset` unless it goes on from a cursor: read the tree then, and after any other batch with `isReset`. Some of
   * the changes that follow may be in what was read already: the `version` of a session tells, and the `position` of a message.
   *
   * @example
   * for await (const { isReset, changes } of client.sessions.watch('trip', { signal: AbortSignal.timeout(1_000) })) {
   *   if (isReset) console.log(await client.sessions.tree('trip'));
   *   for (const { kind, sessionId, messages } of changes) console.log(kind, sessionId, messages);
   * }
   */
  async *watch(
    id: string | null,
    { after = null, kinds, messages, maxContentLength, ...options }: WatchOptions = {},
  ): AsyncGenerator<SessionChanges, void, undefined> {
    let cursor = after;
    const variables = () => ({ within: id, after: cursor, messages, maxContentLength });
    for await (const { sessionChanges } of subscribe(this.#transport, SESSION_CHANGES, variables, options)) {
      const isReset = sessionChanges.isReset || cursor === null;
      const changes = sessionChanges.changes.filter(({ kind }) => !kinds || kinds.includes(kind));
      ({ cursor } = sessionChanges);
      yield { ...sessionChanges, isReset, changes };
    }
  }

  /**
   * Changes what a session says of itself. A function gets the session as it is now, and is called again if another writer was faster
   * (compare and set): no change of the other is lost. It may change nothing by returning null. Rejects with a `SessionNotFoundError` if
   * there is no such session.
   *
   * @example
   * await client.sessions.update('trip', { status: 'WAITING', statusMessage: 'Which airport?' });
   * await client.sessions.update('trip', ({ metadata }) => ({ metadata: { visits: Number(metadata.visits ?? 0) + 1 } }));
   */
  async update(
    id: string,
    patch: SessionPatch | ((now: Session) => SessionPatch | null | Promise<SessionPatch | null>),
    input?: Pick<UpdateSessionInput, 'expectedVersion' | 'operationId'>,
    options?: RequestOptions,
  ): Promise<UpdateSessionPayload> {
    const change = (fields: SessionPatch & Pick<UpdateSessionInput, 'expectedVersion'>) =>
      this.#transport.mutate('updateSession', { ...input, ...fields, sessionId: id }, options);
    if (typeof patch !== 'function') return change(patch);
    for (let conflicts = 0; ; conflicts += 1) {
      const now = await this.get(id, options);
      if (now === null) throw notFound(id);
      const fields = await patch(now);
      if (fields === null) return { session: now };
      try {
        return await change({ ...fields, expectedVersion: now.version });
      } catch (error) {
        // Each time, another writer has succeeded: nobody is in a deadlock, and the signal ends the loop.
        if (!(error instanceof ConflictError) || error.reason !== 'VERSION') throw error;
        await pause(jittered(conflicts, 20), options?.signal);
      }
    }
  }

  /**
   * Copies a history, whole or through a message, into a new session: a child of the original, or a root.
   *
   * @example
   * const { session } = await client.sessions.fork('trip', { title: 'By train instead', asRoot: true });
   */
  fork(id: string, input?: Rest<ForkSessionInput>, options?: RequestOptions): Promise<ForkSessionPayload> {
    return this.#transport.mutate('forkSession', { ...input, sessionId: id }, options);
  }

  /**
   * Moves a session, with all beneath it, under another parent, or makes it the root of a tree of its own.
   *
   * @example
   * await client.sessions.move('flights', { asRoot: true });
   * await client.sessions.move('flights', { parentId: 'trip' });
   */
  move(id: string, input: Rest<MoveSessionInput>, options?: RequestOptions): Promise<MoveSessionPayload> {
    return this.#transport.mutate('moveSession', { ...input, sessionId: id }, options);
  }

  /**
   * Archives a session and, unless `subtree` is false, all beneath it: `list` leaves them out, and they accept no messages.
   *
   * @example
   * const { archivedIds } = await client.sessions.archive('trip');
   */
  archive(
    id: string,
    input?: Rest<ArchiveSessionInput>,
    options?: RequestOptions,
  ): Promise<ArchiveSessionPayload> {
    return this.#transport.mutate('archiveSession', { ...input, sessionId: id }, options);
  }

  /**
   * The reverse of `archive`.
   *
   * @example
   * const { unarchivedIds } = await client.sessions.unarchive('trip');
   */
  unarchive(
    id: string,
    input?: Rest<UnarchiveSessionInput>,
    options?: RequestOptions,
  ): Promise<UnarchiveSessionPayload> {
    return this.#transport.mutate('unarchiveSession', { ...input, sessionId: id }, options);
  }

  /**
   * Deletes a session for good. One with children only with a `mode`; `dryRun` tells what would be deleted.
   *
   * @example
   * const { deletedIds } = await client.sessions.delete('trip', { mode: 'CASCADE', dryRun: true });
   */
  delete(
    id: string,
    input?: Rest<DeleteSessionInput>,
    options?: RequestOptions,
  ): Promise<DeleteSessionPayload> {
    return this.#transport.mutate('deleteSession', { ...input, sessionId: id }, options);
  }
}

/** As the server refuses a mutation of a session that is not there. */
export function notFound(sessionId: string) {
  const message = `There is no session "${sessionId}".`;
  return mutationError({ __typename: 'SessionNotFoundError', message, sessionId, key: null });
}
