import { CreateDialog } from './create-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import type { OpenDialog } from './dialogs.ts';
import { ForkDialog } from './fork-dialog.tsx';
import { MoveDialog } from './move-dialog.tsx';
import { RollBackDialog } from './roll-back-dialog.tsx';

export function DialogView({ dialog }: { dialog: OpenDialog }) {
  switch (dialog.kind) {
    case 'create':
      return <CreateDialog parent={null} />;
    case 'spawn':
      return <CreateDialog parent={dialog} />;
    case 'fork':
      return <ForkDialog {...dialog} />;
    case 'rollBack':
      return dialog.message && <RollBackDialog {...dialog} message={dialog.message} />;
    case 'move':
      return <MoveDialog {...dialog} />;
    case 'delete':
      return <DeleteDialog {...dialog} />;
  }
}
