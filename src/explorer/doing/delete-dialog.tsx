import { type DeleteMode, type DeleteSessionPayload, SessionHasChildrenError } from '@sessiontree/client';
import { useEffect, useState } from 'preact/hooks';
import { addressBar, NO_TREE, sessionAddress } from '../address.ts';
import { client } from '../api/client.ts';
import { counted } from '../parts/format.ts';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { FormDialog } from './form-dialog.tsx';
import { nameIn } from './name-in.ts';
import { toasts } from './toasts.ts';

interface Props {
  readonly tree: OpenTree;
  readonly sessionId: string;
}

/** Deletes a session. Says first how many sessions that are. */
export function DeleteDialog({ tree, sessionId }: Props) {
  const session = tree.rows.find(sessionId);
  const [mode, setMode] = useState<DeleteMode>('RESTRICT');
  /** How many are directly beneath it: the store says so when it refuses. */
  const [children, setChildren] = useState(0);
  const [preview, setPreview] = useState<DeleteSessionPayload | null>(null);
  const [fault, setFault] = useState<Error | null>(null);
  useEffect(() => {
    setPreview(null);
    setFault(null);
    const abort = new AbortController();
    client.sessions
      .delete(sessionId, { mode, dryRun: true }, { signal: abort.signal })
      .then(setPreview, (error: Error) => {
        if (abort.signal.aborted) return;
        if (error instanceof SessionHasChildrenError) setChildren(error.childCount);
        setFault(error);
      });
    return () => abort.abort();
  }, [sessionId, mode]);
  const name = nameIn(tree, sessionId);
  const remove = async () => {
    // The session that is open may be the one, or beneath it.
    const open = addressBar.now.sessionId ?? tree.id;
    const { deletedIds } = await client.sessions.delete(sessionId, { mode });
    toasts.done(
      deletedIds.length === 1
        ? `Deleted “${name}”`
        : `Deleted “${name}” and ${counted(deletedIds.length - 1, 'session')} beneath it`,
    );
    if (deletedIds.includes(tree.id)) addressBar.go(NO_TREE, true);
    else if (deletedIds.includes(open))
      addressBar.go(sessionAddress(tree.id, session?.parentId ?? null), true);
  };
  const choice = (value: DeleteMode, words: string) => (
    <label class="choice">
      <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
      {words}
    </label>
  );
  const above = session?.parentId === null ? 'become trees of their own' : 'move up to its parent';
  return (
    <FormDialog
      title={`Delete “${name}”`}
      verb="Delete"
      isDangerous
      isReady={preview !== null}
      onSubmit={remove}
    >
      {children > 0 && (
        <fieldset>
          <legend>{counted(children, 'session')} directly beneath it</legend>
          {choice('CASCADE', 'Delete all that is beneath it, too')}
          {choice('REPARENT', `Keep them: they ${above}`)}
          {choice('RESTRICT', 'Delete it only if nothing is beneath it')}
        </fieldset>
      )}
      <p role="status">
        {fault instanceof SessionHasChildrenError ? (
          'Nothing would be deleted.'
        ) : fault ? (
          <span class="is-bad">{visible(fault.message)}</span>
        ) : preview ? (
          sayPreview(preview)
        ) : (
          'Counting…'
        )}
      </p>
    </FormDialog>
  );
}

function sayPreview({ deletedIds, reparentedIds }: DeleteSessionPayload): string {
  const deleted = `${counted(deletedIds.length, 'session')} would be deleted, for good`;
  return reparentedIds.length === 0
    ? `${deleted}.`
    : `${deleted}; ${counted(reparentedIds.length, 'session')} would move.`;
}
