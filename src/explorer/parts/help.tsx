import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly (readonly [string, string])[] = [
  ['⌘K, Ctrl+K', 'search'],
  ['↑ ↓ Home End', 'a session of the tree'],
  ['→ ←', 'open, close, to the first child, to the parent'],
  ['[ ]', 'the sibling before, after'],
  ['u', 'the parent'],
  ['g', 'the root'],
  ['*', 'open all siblings'],
  ['Alt + click on ▸', 'open all beneath'],
  ['j k', 'the next, the previous message'],
  ['f', 'follow'],
  ['?', 'these keys'],
  ['Esc', 'close'],
];

/** The keys, in a dialog. */
export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" onClose={onClose} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="chip">
          Close
        </button>
      </form>
    </dialog>
  );
}
