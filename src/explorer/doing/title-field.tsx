import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { OpenTree } from '../tree/open-tree.ts';
import { rename } from './actions.ts';
import { renaming } from './renaming.ts';
import { attempt } from './toasts.ts';

/** The title of a session, to be changed in place: Enter keeps the new one, Esc the old one. */
export function TitleField({ tree, sessionId }: { tree: OpenTree; sessionId: string }) {
  const input = useRef<HTMLInputElement>(null);
  // Kept here: what is typed outlasts changes of the tree.
  const [title, setTitle] = useState(tree.rows.find(sessionId)?.title ?? '');
  const before = useRef(document.activeElement);
  useLayoutEffect(() => {
    input.current!.focus();
    input.current!.select();
  }, []);
  const end = (isKept: boolean) => {
    if (!renaming.isAt(sessionId, 'row') && !renaming.isAt(sessionId, 'bar')) return;
    renaming.end();
    // Keys go on where they were.
    if (document.activeElement === input.current && before.current instanceof HTMLElement)
      before.current.focus({ preventScroll: true });
    if (isKept) void attempt(() => rename(tree, sessionId, title));
  };
  const press = (event: KeyboardEvent) => {
    // The tree around it has keys of its own.
    event.stopPropagation();
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault();
      end(event.key === 'Enter');
    }
  };
  return (
    <input
      ref={input}
      class="title-field"
      type="text"
      aria-label="Title"
      value={title}
      onInput={({ currentTarget }) => setTitle(currentTarget.value)}
      onKeyDown={press}
      onBlur={() => end(true)}
      onClick={(event) => event.stopPropagation()}
      onDblClick={(event) => event.stopPropagation()}
    />
  );
}
