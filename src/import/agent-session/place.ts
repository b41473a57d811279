import type { JsonObject } from '../../model/json.ts';
import { shown } from './read-json.ts';
import type { SessionFile } from './session-file.ts';
import type { PlacedSession } from './store.ts';

const LINK_FIELDS = new Set(['parent_session_id', 'root_session_id', 'depth']);

/** The place of an imported session in the tree. */
export interface Place {
  readonly parentId: string | null;
  /** Fields of the file that describe a lost link to a parent. The session's metadata keeps them. */
  readonly lost: JsonObject;
  /** Why the link to the parent was cut; null if it was not. */
  readonly cut: string | null;
  readonly notes: readonly string[];
}

/**
 * `circle` is the cycle that the link to the parent would close, if any (see `Plan.cutLinks`). `parents` are the ids of existing
 * sessions.
 */
export function placeOf(
  file: SessionFile,
  circle: readonly string[] | undefined,
  parents: ReadonlySet<string>,
): Place {
  const { parentId } = file;
  if (parentId === null) return { parentId, lost: {}, cut: null, notes: [] };
  if (circle) {
    const cut = `its parent link closes a cycle (${circle.join(' → ')}): imported as a root; its metadata keeps the link`;
    return { parentId: null, lost: linkOf(file), cut, notes: [] };
  }
  if (!parents.has(parentId)) {
    const note = `its parent ${shown(parentId)} does not exist: imported as a root; its metadata keeps the link`;
    return { parentId: null, lost: linkOf(file), cut: null, notes: [note] };
  }
  return { parentId, lost: {}, cut: null, notes: [] };
}

function linkOf(file: SessionFile): JsonObject {
  return Object.fromEntries(Object.entries(file.content).filter(([field]) => LINK_FIELDS.has(field)));
}

/** Notes about a root or depth in the file that differs from the session's place in the tree. */
export function notesOnTree(content: JsonObject, session: PlacedSession): string[] {
  const notes: string[] = [];
  const { depth, root_session_id: root } = content;
  if (depth !== undefined && depth !== session.depth) {
    notes.push(`depth is ${shown(depth)}: ignored, its place in the tree makes it ${session.depth}`);
  }
  // It is null in the file of a root, and in that of a child whose parent the Python module did not find.
  if (root !== undefined && root !== null && root !== session.rootId) {
    notes.push(
      `root_session_id is ${shown(root)}: ignored, its place in the tree makes it "${session.rootId}"`,
    );
  }
  return notes;
}
