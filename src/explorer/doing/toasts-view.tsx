import { useObservable } from '../parts/observable.ts';
import { visible } from '../parts/visible.ts';
import { attempt, type Toast, toasts } from './toasts.ts';

/** What was done, and what was refused. Both regions are always there: what is put into them is read out. */
export function ToastsView() {
  const { all } = useObservable(toasts);
  const view = (toast: Toast) => <ToastView key={toast.id} toast={toast} />;
  return (
    <div class="toasts">
      <div role="status">{all.filter(({ isFault }) => !isFault).map(view)}</div>
      <div role="alert">{all.filter(({ isFault }) => isFault).map(view)}</div>
    </div>
  );
}

function ToastView({ toast: { id, text, isFault, undo } }: { toast: Toast }) {
  const takeBack = () => {
    toasts.close(id);
    void attempt(undo!);
  };
  return (
    <div class={isFault ? 'toast is-fault' : 'toast'}>
      <span>{visible(text)}</span>
      {undo && (
        <button type="button" onClick={takeBack}>
          Undo
        </button>
      )}
      <button type="button" aria-label="Close this message" onClick={() => toasts.close(id)}>
        ×
      </button>
    </div>
  );
}
