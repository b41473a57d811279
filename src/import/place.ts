import type { JsonObject } from '../model/json.ts';
import type { Session } from '../model/session.ts';
import { shown } from './read-json.ts';
import type { SessionFile } from './session-file.ts';

const LINK_FIELDS = new Set(['parent_session_id', 'root_session_id', 'depth']);

/** Where a session comes into the tree. */
export interface Place {
  readonly parentId: string | null;
  /** What the file says and the session cannot say any more: its metadata keeps it. */
  readonly lost: JsonObject;
  /** Why the link to its parent was cut, where it was. */
  readonly cut: string | null;
  readonly notes: readonly string[];
}

/**
 * `circle` is what the link to its parent would close (see `Plan.cutLinks`); `parents` are the ids of the
 * sessions that are there.
 */
export function placeOf(
  file: SessionFile,
  circle: readonly string[] | undefined,
  parents: ReadonlySet<string>,
): Place {
  const { parentId } = file;
  if (parentId === null) return { parentId, lost: {}, cut: null, notes: [] };
  if (circle) {
    const cut = `its parent closes a circle (${circle.join(' → ')}): it is a root, and its metadata keeps the link`;
    return { parentId: null, lost: linkOf(file), cut, notes: [] };
  }
  if (!parents.has(parentId)) {
    const note = `its parent ${shown(parentId)} is not there: it came in as a root, and its metadata keeps the link`;
    return { parentId: null, lost: linkOf(file), cut: null, notes: [note] };
  }
  return { parentId, lost: {}, cut: null, notes: [] };
}

function linkOf(file: SessionFile): JsonObject {
  return Object.fromEntries(Object.entries(file.content).filter(([field]) => LINK_FIELDS.has(field)));
}

/** Where the file gives a session another root or depth than its place in the tree does. */
export function notesOnTree(content: JsonObject, session: Session): string[] {
  const notes: string[] = [];
  const { depth, root_session_id: root } = content;
  if (depth !== undefined && depth !== session.depth) {
    notes.push(`depth is ${shown(depth)}: its place in the tree makes it ${session.depth}, and that counts`);
  }
  // A root has none in its file, and neither has a child whose parent the Python module did not find.
  if (root !== undefined && root !== null && root !== session.rootId) {
    notes.push(
      `root_session_id is ${shown(root)}: its place in the tree makes it "${session.rootId}", and that counts`,
    );
  }
  return notes;
}
