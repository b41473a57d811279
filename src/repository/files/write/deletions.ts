import { dirname } from 'node:path';
import { SessionHasChildrenError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Deleted, DeleteSession } from '../../mutations.ts';
import type { Logger } from '../../observer.ts';
import { refuseMissing, refuseOtherVersion } from '../../plans/preconditions.ts';
import type { ReadOptions } from '../../read-options.ts';
import { stampOf } from '../../records/record.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { Tombstone } from '../format/store-record.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';
import type { IndexWalks } from '../index/walks.ts';
import { eachAtPace } from '../runtime/pace.ts';
import type { SessionKeys } from './session-keys.ts';
import type { SessionWrites } from './session-writes.ts';
import { tombstoneOf } from './tombstone.ts';
import { SESSIONS_AT_ONCE_MAX, type TreeLog } from './tree-log.ts';

export interface DeletionsParts {
  readonly layout: Layout;
  readonly index: IndexReader;
  readonly walks: Pick<IndexWalks, 'idsBeneath'>;
  readonly files: DurableFiles;
  readonly writes: SessionWrites;
  readonly keys: SessionKeys;
  readonly treeLog: TreeLog;
  readonly logger: Logger;
  readonly historyChanged: (sequence: number) => void;
}

/** Called with the sessions of a deletion of which nothing is to stay, before it is committed. */
export type BeforeCommit = (
  sessions: readonly { readonly id: string; readonly sequence: number }[],
) => Promise<void>;

type Plan = Omit<Deleted, 'parentId'>;

/**
 * Deletes sessions. One line in the store's log is the commit; the files are removed after it.
 */
export class Deletions {
  readonly #parts: DeletionsParts;

  constructor(parts: DeletionsParts) {
    this.#parts = parts;
  }

  /**
   * The sessions that a deletion would delete and reparent. Rejects with the ClientError that the deletion would reject with. The
   * tree lock need not be held: the answer comes from one state of the index.
   */
  async foresee(input: DeleteSession, options?: ReadOptions): Promise<Deleted> {
    const { walks } = this.#parts;
    const { sessionId, mode } = input;
    const levels = mode === 'REPARENT' ? 1 : null;
    let parentId: string | null = null;
    const check = (row: SessionRow | undefined) => {
      parentId = refuse(input, row).parentId;
    };
    const ids = await walks.idsBeneath(sessionId, levels, check, options);
    const plan = planned(input, ids);
    await this.#refuseClashes(input, plan, options);
    return { ...plan, parentId };
  }

  async #plan(input: DeleteSession): Promise<Plan> {
    const { index } = this.#parts;
    const ids: string[] = [];
    await eachAtPace(index.beneath(input.sessionId, input.mode === 'REPARENT' ? 1 : null), ({ id }) =>
      ids.push(id),
    );
    return planned(input, ids);
  }

  /**
   * `inTreeLock` runs its argument while it holds the tree lock exclusively: a plan is only valid while no tree changes. The files
   * of the deleted sessions are removed afterwards, while other trees change.
   */
  async delete(
    input: DeleteSession,
    operation: Operation | undefined,
    inTreeLock: <T>(work: () => Promise<T>) => Promise<T>,
    beforeCommit: BeforeCommit | null = null,
  ): Promise<Deleted> {
    const deleted = await inTreeLock(() => this.#delete(input, operation, beforeCommit));
    await this.#unlink(deleted.deletedIds);
    return deleted;
  }

  async #delete(
    input: DeleteSession,
    operation: Operation | undefined,
    beforeCommit: BeforeCommit | null,
  ): Promise<Deleted> {
    this.#refuse(input);
    const plan = await this.#plan(input);
    const release = await this.#parts.writes.hold([...plan.deletedIds, ...plan.reparentedIds]);
    try {
      // A write that was running during the plan may have changed the session's version.
      const row = this.#refuse(input);
      await this.#refuseClashes(input, plan);
      return { ...(await this.#commit(plan, row, operation, beforeCommit)), parentId: row.parentId };
    } finally {
      release();
    }
  }

  /** Rejects with a ConflictError if a child would become the root of a tree of another owner, who has a session with a key of the tree. */
  async #refuseClashes({ sessionId }: DeleteSession, plan: Plan, options?: ReadOptions): Promise<void> {
    const { index, keys } = this.#parts;
    if (index.row(sessionId)?.parentSequence !== null) return;
    for (const child of plan.reparentedIds)
      await keys.refuseClash(child, index.row(child)?.userId ?? null, options);
  }

  #refuse(input: DeleteSession): SessionRow {
    return refuse(input, this.#parts.index.row(input.sessionId));
  }

  /** Leaves out sessions whose files were found gone while the deletion waited for the queues. */
  async #commit(
    plan: Plan,
    deleted: SessionRow,
    operation: Operation | undefined,
    beforeCommit: BeforeCommit | null,
  ): Promise<Plan> {
    const { index, treeLog } = this.#parts;
    const ownerId = index.ownerOf(deleted);
    const deletedIds: string[] = [];
    const sessions: Tombstone[] = [];
    const sequences: number[] = [];
    await eachAtPace(plan.deletedIds, (id) => {
      const row = index.row(id);
      if (!row) return;
      deletedIds.push(id);
      sequences.push(row.sequence);
      sessions.push(tombstoneOf(row, ownerId, index.operationsOf(id), beforeCommit !== null));
    });
    const reparentedIds: string[] = [];
    const versions: number[] = [];
    await eachAtPace(plan.reparentedIds, (id) => {
      const row = index.row(id);
      if (!row) return;
      reparentedIds.push(id);
      versions.push(row.version + 1);
    });
    const count = reparentedIds.length;
    await beforeCommit?.(deletedIds.map((id, n) => ({ id, sequence: sequences[n]! })));
    await treeLog.commit(
      (seq, at) => {
        // Each child takes an arrival number of its own, in order. The last one has the sequence number of the mutation.
        const children = reparentedIds.map((id, n) => ({
          id,
          version: versions[n]!,
          arrival: seq - count + 1 + n,
        }));
        const reparented = count > 0 ? children : undefined;
        return { ...stampOf(seq, at, operation), op: 'delete', sessions, reparented };
      },
      {
        sessions: deletedIds.length + count,
        // The children of a root become roots.
        rootId: count > 0 && deleted.parentId === null ? null : deleted.rootId,
        numbers: Math.max(1, count),
      },
    );
    await eachAtPace(sequences, this.#parts.historyChanged);
    return { deletedIds, reparentedIds };
  }

  /** Removes the files of a committed deletion. The next start removes those that cannot be removed now. */
  async #unlink(ids: readonly string[]): Promise<void> {
    const { layout, files, logger } = this.#parts;
    const directories = new Set<string>();
    const removed: PromiseSettledResult<void>[] = [];
    for (let from = 0; from < ids.length; from += SESSIONS_AT_ONCE_MAX) {
      const removing = ids.slice(from, from + SESSIONS_AT_ONCE_MAX).map((id) => {
        const path = absoluteSessionPath(layout.root, id);
        directories.add(dirname(path));
        return files.remove(path);
      });
      removed.push(...(await Promise.allSettled(removing)));
    }
    const synced = await Promise.allSettled(
      [...directories].map((directory) => files.syncDirectory(directory)),
    );
    for (const outcome of [...removed, ...synced]) {
      if (outcome.status === 'fulfilled') continue;
      logger.error({ err: outcome.reason }, 'a deleted session: its file is removed at the next start');
    }
  }
}

/** The row of a session that can be deleted. Throws the ClientError for which the deletion is refused. */
function refuse(
  { sessionId, mode, expectedVersion }: DeleteSession,
  row: SessionRow | undefined,
): SessionRow {
  refuseMissing(sessionId, row);
  refuseOtherVersion(row, expectedVersion);
  if (mode === 'RESTRICT' && row.childCount > 0) throw new SessionHasChildrenError(sessionId, row.childCount);
  return row;
}

/** `beneath` are all sessions beneath the deleted one, or only its children if they are to be reparented. */
function planned({ sessionId, mode }: DeleteSession, beneath: readonly string[]): Plan {
  return mode === 'REPARENT'
    ? { deletedIds: [sessionId], reparentedIds: beneath }
    : { deletedIds: [sessionId].concat(beneath), reparentedIds: [] };
}
