import { Dialog } from './dialog.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['⌘K, Ctrl+K', 'search'],
  ['/', 'filter the trees'],
  ['↑ ↓ Home End', 'a session of the tree, a tree of the list'],
  ['→ ←', 'open, close, to the first child, to the parent'],
  ['[ ]', 'the sibling before, after'],
  ['u', 'the parent'],
  ['g', 'the root'],
  ['*', 'open all siblings'],
  ['e', 'open all'],
  ['Alt + click on ▸', 'open all beneath'],
  ['Ctrl + click twice', 'compare two sessions'],
  ['j k', 'the next, the previous message'],
  ['f', 'follow'],
  ['F2', 'rename the session'],
  ['F', 'fork it'],
  ['m', 'move it'],
  ['a', 'archive it, or take it out'],
  ['Delete', 'delete it'],
  ['⌘↵, Ctrl+Enter', 'send the message'],
  ['?', 'these keys'],
  ['Esc', 'close'],
];

/** The keys, in a dialog. */
export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
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
    </Dialog>
  );
}
