import { useEffect, useState } from 'preact/hooks';
import { client } from '../api/client.ts';
import { count, counted } from '../parts/format.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { FormDialog } from './form-dialog.tsx';
import { nameIn } from './name-in.ts';
import { toasts } from './toasts.ts';

interface Props {
  readonly tree: OpenTree;
  readonly sessionId: string;
  readonly message: { readonly position: number };
}

/** What a rollback would drop, as the store says, of the session at that version. */
interface Preview {
  readonly removedCount: number;
  readonly version: number;
}

/** Drops the messages after one. Says first how many. */
export function RollBackDialog({ tree, sessionId, message }: Props) {
  const keep = message.position + 1;
  const [preview, setPreview] = useState<Preview | null>(null);
  const [fault, setFault] = useState<Error | null>(null);
  const look = async () => {
    try {
      const { removedCount, session } = await client.history.truncate(sessionId, keep, { dryRun: true });
      setPreview({ removedCount, version: session.version });
    } catch (error) {
      setFault(error as Error);
    }
  };
  useEffect(() => void look(), []);
  const rollBack = async () => {
    try {
      // No more leaves than was said.
      const { removedCount } = await client.history.truncate(sessionId, keep, {
        expectedVersion: preview!.version,
      });
      toasts.done(`Rolled back to #${count(message.position)}: ${counted(removedCount, 'message')} dropped`);
    } catch (error) {
      void look();
      throw error;
    }
  };
  const removed = preview?.removedCount ?? 0;
  return (
    <FormDialog
      title={`Roll back to #${count(message.position)}`}
      verb="Roll back"
      isDangerous
      isReady={removed > 0}
      onSubmit={rollBack}
    >
      <p role="status">
        {fault ? (
          <span class="is-bad">{fault.message}</span>
        ) : preview === null ? (
          'Counting…'
        ) : removed === 0 ? (
          'This is the last message: nothing would be dropped.'
        ) : (
          `${counted(removed, 'message')} of “${nameIn(tree, sessionId)}” would be dropped: ${
            removed === 1 ? `#${count(keep)}` : `#${count(keep)} to #${count(keep + removed - 1)}`
          }.`
        )}
      </p>
      <p class="dim">
        What they cost stays counted, and sessions that were spawned there stay. To keep the messages, fork
        instead.
      </p>
    </FormDialog>
  );
}
