import { loaded } from '../parts/loaded.tsx';
import { useObservable } from '../parts/observable.ts';
import { dialogs, type OpenDialog } from './dialogs.ts';

const DialogView = loaded<{ dialog: OpenDialog }>(async () => (await import('./dialog-view.tsx')).DialogView);

/** Shows the dialog that is open. */
export function DialogHost() {
  const { now } = useObservable(dialogs);
  // One of the same kind may have been open before: each is new.
  return now && <DialogView key={now} dialog={now} />;
}
