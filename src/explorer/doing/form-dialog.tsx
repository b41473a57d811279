import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { visible } from '../parts/visible.ts';
import { dialogs } from './dialogs.ts';

interface Props {
  readonly title: string;
  /** The words of the button that does it. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  readonly isReady?: boolean;
  /** What it rejects with is shown in the dialog, which stays open. */
  readonly onSubmit: () => Promise<void>;
  readonly children: ComponentChildren;
}

/** A dialog that does something, or says why it was refused. */
export function FormDialog({ title, verb, isDangerous = false, isReady = true, onSubmit, children }: Props) {
  const [fault, setFault] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [own] = useState(dialogs.now);
  const close = () => dialogs.close(own);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy || !isReady) return;
    setBusy(true);
    setFault(null);
    try {
      await onSubmit();
      close();
    } catch (error) {
      setFault(error as Error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={close}>
      <form class="dialog-form" onSubmit={(event) => void submit(event)}>
        {children}
        <p class="is-bad" role="alert">
          {fault && visible(fault.message)}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="chip" onClick={close}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous ? 'chip is-danger' : 'chip is-main'}
            disabled={isBusy || !isReady}
          >
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly isLong?: boolean;
  readonly placeholder?: string;
}

/** A labelled field for text. */
export function TextField({ label, value, onInput, isLong = false, placeholder }: FieldProps) {
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => onInput(currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {isLong ? <textarea rows={3} {...shared} /> : <input type="text" {...shared} />}
    </div>
  );
}
