import { type Address, addressBar } from '../address.ts';

/** Where one pane is shown at a time, the way back to the pane before. */
export function BackButton({ label, to }: { label: string; to: Partial<Address> }) {
  return (
    <button type="button" class="icon-button back" aria-label={label} onClick={() => addressBar.go(to)}>
      ‹
    </button>
  );
}
