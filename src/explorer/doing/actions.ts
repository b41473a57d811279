import { addressBar, sessionAddress } from '../address.ts';
import { client } from '../api/client.ts';
import { counted } from '../parts/format.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { nameIn } from './name-in.ts';
import { toasts } from './toasts.ts';

/** Gives a session another title; an empty one takes the title away. It is shown at once. */
export async function rename(tree: OpenTree, sessionId: string, title: string): Promise<void> {
  const before = tree.rows.find(sessionId)?.title ?? null;
  const after = title.trim() || null;
  if (after === before) return;
  tree.patch([sessionId], { title: after });
  try {
    const { session } = await client.sessions.update(sessionId, { title: after });
    tree.took('UPDATED', session);
  } catch (error) {
    tree.patch([sessionId], { title: before });
    throw error;
  }
}

/** Archives a session and all beneath it, or takes them out of the archive. It is shown at once. */
export async function setArchived(tree: OpenTree, sessionId: string, isArchived: boolean): Promise<void> {
  const name = nameIn(tree, sessionId);
  const concerned = tree.rows
    .subtreeOf(sessionId)
    .filter(({ archivedAt }) => (archivedAt !== null) !== isArchived);
  const before = concerned.map(({ id, archivedAt }) => ({ id, archivedAt }));
  tree.patch(
    before.map(({ id }) => id),
    { archivedAt: isArchived ? new Date().toISOString() : null },
  );
  try {
    const ids = isArchived
      ? (await client.sessions.archive(sessionId)).archivedIds
      : (await client.sessions.unarchive(sessionId)).unarchivedIds;
    const others = ids.filter((id) => id !== sessionId).length;
    const beneath = others > 0 ? ` and ${counted(others, 'session')} beneath it` : '';
    toasts.done(
      isArchived ? `Archived “${name}”${beneath}` : `Took “${name}”${beneath} out of the archive`,
      // One by one: what was in the archive before stays there.
      async () => {
        for (const id of ids)
          await client.sessions[isArchived ? 'unarchive' : 'archive'](id, { subtree: false });
      },
    );
  } catch (error) {
    for (const { id, archivedAt } of before) tree.patch([id], { archivedAt });
    throw error;
  }
}

/** Moves a session and all beneath it under another parent, or (null) makes it a tree of its own. */
export async function moveTo(tree: OpenTree, sessionId: string, parentId: string | null): Promise<void> {
  const name = nameIn(tree, sessionId);
  const former = tree.rows.find(sessionId)?.parentId ?? null;
  await move(tree, sessionId, parentId);
  toasts.done(parentId === null ? `“${name}” is a tree of its own` : `Moved “${name}”`, () =>
    move(tree, sessionId, former),
  );
}

async function move(tree: OpenTree, sessionId: string, parentId: string | null): Promise<void> {
  const { session } = await client.sessions.move(
    sessionId,
    parentId === null ? { asRoot: true } : { parentId },
  );
  tree.took('MOVED', session);
  const isShown = addressBar.now.rootId === tree.id && tree.id !== sessionId && tree.rows.find(sessionId);
  if (!isShown) addressBar.go(sessionAddress(session.rootId, sessionId));
}
