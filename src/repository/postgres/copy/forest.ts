import type { DumpedSession } from '../../dump.ts';
import { childPath, ROOT_PATH } from '../rows/path.ts';
import { ownerColumn } from '../rows/session-row.ts';
import type { Surroundings } from '../write/tree-work.ts';

interface Member extends Surroundings {
  readonly id: string;
  /** Children so far. */
  children: number;
}

/**
 * Gives sessions that come in the order of a dump their places. Children get numbers from 1: the places follow from that order alone, and
 * are the same when a load is begun again.
 */
export class Forest {
  /** From the root down to the latest session. */
  readonly #branch: Member[] = [];

  place({ id, parentId, sequence: sid, userId }: DumpedSession): Surroundings {
    while (this.#branch.length > 0 && (parentId === null || this.#branch.at(-1)!.id !== parentId))
      this.#branch.pop();
    const parent = this.#branch.at(-1);
    if (parentId !== null && !parent)
      throw new Error(
        `Expected the parent "${parentId}" of the session "${id}" before it, and in pre-order.`,
      );
    if (parent) parent.children += 1;
    const place: Surroundings = parent
      ? {
          home: parent.home,
          sid,
          parent: parent.sid,
          parent_id: parent.id,
          root: parent.root,
          root_home: parent.root_home,
          root_id: parent.root_id,
          owner: parent.owner,
          depth: parent.depth + 1,
          path: childPath(parent.path, parent.children),
          arrival: parent.children,
        }
      : {
          home: sid,
          sid,
          parent: null,
          parent_id: null,
          root: sid,
          root_home: sid,
          root_id: id,
          owner: ownerColumn(userId),
          depth: 0,
          path: ROOT_PATH,
          arrival: sid,
        };
    this.#branch.push({ ...place, id, children: 0 });
    return place;
  }
}
