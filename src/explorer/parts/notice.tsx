import type { ComponentChildren } from 'preact';

interface Props {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly onRetry?: () => void;
}

/** What stands in the place of a view that has nothing to show: why, and what can be done. */
export function Notice({ title, children, onRetry }: Props) {
  return (
    <div class="notice" role="status">
      <h2>{title}</h2>
      {children}
      {onRetry && (
        <button type="button" class="chip" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
