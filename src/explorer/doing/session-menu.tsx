import { useEffect, useRef, useState } from 'preact/hooks';
import { onKey } from '../parts/keys.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { renaming } from './renaming.ts';
import { type SessionAction, sessionActions } from './session-actions.ts';

interface Props {
  readonly tree: OpenTree;
  readonly sessionId: string;
}

/** What can be done with the session that is open: a menu, and keys. */
export function SessionMenu({ tree, sessionId }: Props) {
  const [isOpen, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const actions = sessionActions(tree, sessionId);
  useEffect(() => {
    const keys = actions.flatMap(({ key, act }) => (key ? [[key, act] as const] : []));
    return onKey({ ...Object.fromEntries(keys), F2: () => renaming.start(sessionId, placeOfFocus()) });
  });
  useEffect(() => {
    if (!isOpen) return;
    const closeOutside = ({ target }: Event) => {
      if (!place.current?.contains(target as Node)) setOpen(false);
    };
    addEventListener('pointerdown', closeOutside);
    addEventListener('focusin', closeOutside);
    return () => {
      removeEventListener('pointerdown', closeOutside);
      removeEventListener('focusin', closeOutside);
    };
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="menu-place" ref={place}>
      <button
        type="button"
        ref={button}
        class="icon-button"
        aria-label="Actions of the session"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        ⋯
      </button>
      {isOpen && <Menu actions={actions} onClose={close} />}
    </div>
  );
}

/** F2 in the tree changes the title there. */
function placeOfFocus() {
  return document.activeElement?.role === 'tree' ? 'row' : 'bar';
}

function Menu({ actions, onClose }: { actions: readonly SessionAction[]; onClose: () => void }) {
  const menu = useRef<HTMLDivElement>(null);
  const items = () => [...menu.current!.querySelectorAll<HTMLButtonElement>('[role=menuitem]')];
  useEffect(() => items()[0]?.focus(), []);
  const press = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else if (next === undefined) return;
    else all[next]?.focus();
    event.preventDefault();
  };
  return (
    <div
      class="menu"
      ref={menu}
      role="menu"
      aria-label="Actions of the session"
      tabIndex={-1}
      onKeyDown={press}
    >
      {actions.map(({ label, key, isDangerous, act }) => (
        <button
          key={label}
          type="button"
          role="menuitem"
          aria-keyshortcuts={key}
          class={isDangerous ? 'is-bad' : undefined}
          tabIndex={-1}
          onClick={() => {
            // The focus goes back first: a dialog returns it there when it closes.
            onClose();
            act();
          }}
        >
          <span>{label}</span>
          {key && (
            <span aria-hidden="true">
              <kbd>{key === 'Delete' ? 'Del' : key}</kbd>
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
