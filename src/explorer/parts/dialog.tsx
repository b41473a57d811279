import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** Called once the browser has closed the dialog. */
  readonly onClose: (event: Event) => void;
  readonly children: ComponentChildren;
}

/** A modal dialog. `Esc` closes it, and the focus returns to where it was. */
export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.addEventListener('close', onClose);
    element.showModal();
    return () => {
      element.removeEventListener('close', onClose);
      // Removed from the page while open, a dialog would not give the focus back.
      element.close();
    };
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={titleId}>
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}
