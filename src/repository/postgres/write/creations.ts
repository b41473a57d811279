import { SessionArchivedError, SessionExistsError, SessionNotFoundError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { Created, CreateSession } from '../../mutations.ts';
import { refuseMissing } from '../../plans/preconditions.ts';
import { sessionThere } from '../../plans/session-there.ts';
import { createRecords } from '../../records/mutation-records.ts';
import type { OperationAnswer } from '../../records/record.ts';
import type { Queries } from '../connection/queries.ts';
import { sessionRows } from '../read/session-rows.ts';
import { childPath, ROOT_PATH } from '../rows/path.ts';
import type { Places } from '../rows/places.ts';
import { ownerColumn, ownerIdOf, type SessionRow, sessionOf } from '../rows/session-row.ts';
import { keyHolder, rowOfId, rowOfKey } from './session-there.ts';
import { areTooLong, type TreeLanes } from './tree-lanes.ts';
import type { LockedTree } from './tree-rows.ts';
import { type Surroundings, TreeWork } from './tree-work.ts';
import type { Trees } from './trees.ts';

export interface CreationsParts {
  readonly queries: Queries;
  readonly places: Places;
  readonly trees: Trees;
  readonly lanes: TreeLanes;
  readonly storeId: string;
}

/** Of a creation that is a part of another mutation. */
export interface CreationDetails {
  /** Recorded with the operation. */
  readonly answer?: OperationAnswer;
  /** As in `createRecords`. */
  readonly root?: readonly string[];
}

const NEXT_NUMBER = "SELECT nextval('session_numbers')::int8 AS sid";

/** How often `getOrCreate` begins, while other instances take the id or the key between its look and its creation. */
const TRIES_MAX = 10;

/** Creates sessions. */
export class Creations {
  readonly #parts: CreationsParts;

  constructor(parts: CreationsParts) {
    this.#parts = parts;
  }

  /** Rejects with a SessionNotFoundError or a SessionArchivedError of the parent, or with a SessionExistsError. */
  async create(
    id: string,
    input: CreateSession,
    operation: Operation,
    details: CreationDetails = {},
  ): Promise<Session> {
    const { places } = this.#parts;
    if (await places.one(id)) throw SessionExistsError.id(id, await this.#holderOf(id));
    const session = await (input.parentId == null
      ? this.#createRoot(id, input, operation, details)
      : this.#createChild(id, input.parentId, input, operation, details));
    return session;
  }

  /** The session that is there with the id or the key of `input`; else as `create`. */
  async getOrCreate(id: string, input: CreateSession, operation: Operation): Promise<Created> {
    for (let tries = 1; ; tries += 1) {
      const there = await this.#there(input);
      if (there) return { session: there, isNew: false };
      try {
        return { session: await this.create(id, input, operation), isNew: true };
      } catch (error) {
        // Another instance has made a session with the id or the key since.
        if (!(error instanceof SessionExistsError) || tries === TRIES_MAX) throw error;
      }
    }
  }

  async #there(input: CreateSession): Promise<Session | null> {
    const { queries, places } = this.#parts;
    const { id, key } = input;
    const byKey = key == null ? null : await rowOfKey(queries, key, await this.#ownerOfNew(input));
    const place = id == null ? null : await places.one(id);
    const byId = place && (await sessionRows(queries, [place])).get(place.sid);
    const taken = place ? (byId ? 'SESSION' : 'DELETED_SESSION') : null;
    return sessionThere(input, byId ? sessionOf(byId) : undefined, byKey && sessionOf(byKey), taken);
  }

  /** The owner of a new session. Rejects with a SessionNotFoundError if there is no such parent. */
  async #ownerOfNew({ parentId, userId }: CreateSession): Promise<string | null> {
    if (parentId == null) return userId ?? null;
    const parent = await rowOfId(this.#parts.queries, this.#parts.places, parentId);
    refuseMissing(parentId, parent);
    return ownerIdOf(parent.owner);
  }

  async #createRoot(
    id: string,
    input: CreateSession,
    operation: Operation,
    details: CreationDetails,
  ): Promise<Session> {
    const { trees, places } = this.#parts;
    const { session, place } = await trees.change([], [operation], async (transaction) => {
      const work = new TreeWork(transaction);
      const owner = ownerColumn(input.userId ?? null);
      await this.refuseTaken(transaction.queries, id, input.key, owner);
      input.admit?.();
      const sid = await nextNumber(transaction.queries);
      const tree: LockedTree = {
        home: sid,
        root: sid,
        id,
        owner,
        number: 0,
        at: 0,
        homes: [sid],
        last_active_at: 0,
      };
      transaction.addTree(tree);
      const row = this.#write(work, tree, rootPlace(tree), { ...input, id }, operation, details);
      work.changes.send(transaction.queries);
      return { session: work.session(row), place: { home: sid, sid } };
    });
    places.remember(id, place);
    trees.saw(place.sid, { home: place.home, root: place.sid });
    return session;
  }

  async #createChild(
    id: string,
    parentId: string,
    input: CreateSession,
    operation: Operation,
    details: CreationDetails,
  ): Promise<Session> {
    const { trees, places, lanes } = this.#parts;
    const parentPlace = await places.one(parentId);
    const key = parentPlace && (await trees.treeOf(parentPlace));
    if (!parentPlace || !key) throw new SessionNotFoundError(parentId);
    const { session, place } = await lanes.run(key, {
      places: [parentPlace],
      operation,
      // The look for the id and the key sees no pending row of this transaction: for each id and key, the repository runs one creation at a
      // time.
      isAlone: areTooLong(input.messages),
      run: async (work) => {
        const { queries, treeOf } = work.transaction;
        const parent = work.row(parentPlace);
        if (!parent) throw new SessionNotFoundError(parentId);
        if (parent.archived_at !== null) throw new SessionArchivedError(parentId);
        const tree = treeOf(parent);
        await this.refuseTaken(queries, id, input.key, tree.owner);
        input.admit?.();
        const whole = {
          ...input,
          id,
          userId: input.userId === undefined ? parent.user_id : input.userId,
          project: input.project === undefined ? parent.project : input.project,
        };
        const sid = await nextNumber(queries);
        const row = this.#write(work, tree, childPlace(tree, parent, sid), whole, operation, details);
        work.addChild(parent);
        return { session: work.session(row), place: { home: row.home, sid } };
      },
    });
    places.remember(id, place);
    trees.saw(place.sid, key);
    return session;
  }

  #write(
    work: TreeWork,
    tree: LockedTree,
    surroundings: Surroundings,
    input: CreateSession & { readonly id: string },
    operation: Operation,
    { answer, root }: CreationDetails,
  ): SessionRow {
    const before = tree.number;
    try {
      const stamp = work.stamp(tree, operation, answer);
      return work.create(surroundings, createRecords(stamp, this.#parts.storeId, input, root));
    } catch (error) {
      tree.number = before;
      throw error;
    }
  }

  /** Rejects with a SessionExistsError if the id was ever given, or if a session of the owner has the key. */
  async refuseTaken(
    queries: Queries,
    id: string,
    key: string | null | undefined,
    owner: string,
  ): Promise<void> {
    if (await this.#parts.places.one(id, undefined, queries))
      throw SessionExistsError.id(id, await this.#holderOf(id, queries));
    if (key == null) return;
    const holder = await keyHolder(queries, owner, key);
    if (holder) throw SessionExistsError.key(key, holder.id);
  }

  /** Whether an id that was given once is that of a session, or of a deleted one. */
  async #holderOf(id: string, queries = this.#parts.queries): Promise<'SESSION' | 'DELETED_SESSION'> {
    const place = await this.#parts.places.one(id, undefined, queries);
    const [there] = await queries.rows('SELECT 1 FROM sessions WHERE home = $1::int8 AND sid = $2::int8', [
      place!.home,
      place!.sid,
    ]);
    return there ? 'SESSION' : 'DELETED_SESSION';
  }
}

/** The number of a new session. */
export async function nextNumber(queries: Queries): Promise<number> {
  const [row] = await queries.rows<{ sid: number }>(NEXT_NUMBER);
  return row!.sid;
}

/** Where the root of a tree stands. */
export function rootPlace({ home, root, id, owner }: LockedTree): Surroundings {
  return {
    home,
    sid: root,
    parent: null,
    parent_id: null,
    root,
    root_home: home,
    root_id: id,
    owner,
    depth: 0,
    path: ROOT_PATH,
    // Roots are no siblings.
    arrival: root,
  };
}

/** Where the next child of a session stands. New sessions of a tree are where its root is. */
export function childPlace(tree: LockedTree, parent: SessionRow, sid: number): Surroundings {
  return {
    home: tree.home,
    sid,
    parent: parent.sid,
    parent_id: parent.id,
    root: tree.root,
    root_home: tree.home,
    root_id: tree.id,
    owner: tree.owner,
    depth: parent.depth + 1,
    path: childPath(parent.path, parent.next_child),
    arrival: parent.next_child,
  };
}
