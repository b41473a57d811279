import type { ComponentChildren } from 'preact';
import { sessionAddress } from '../address.ts';
import { access } from '../api/access.ts';
import type { MessageRowFragment } from '../generated/operations.ts';
import { Icon } from '../parts/icon.tsx';
import type { OpenTranscript } from '../transcript/open-transcript.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { markdownOfMessage } from './as-markdown.ts';
import { copyText } from './clipboard.ts';
import { dialogs } from './dialogs.ts';
import { linkTo } from './session-actions.ts';

interface Props {
  readonly tree: OpenTree;
  readonly transcript: OpenTranscript;
  readonly message: MessageRowFragment;
}

/** What can be done at a message: shown where the pointer or the focus is. */
export function MessageActions({ tree, transcript, message }: Props) {
  const { id, position } = message;
  const { sessionId } = transcript;
  const { mayWrite } = access;
  const isArchived = tree.rows.find(sessionId)?.archivedAt != null;
  const isLast = position + 1 >= (transcript.length ?? 0);
  const copy = async () => {
    // Of a long message, the page has only the beginning.
    if (message.contentLength > message.content.length && transcript.wholeTextOf(id) === null)
      await transcript.readWhole(id);
    return markdownOfMessage({ ...message, content: transcript.wholeTextOf(id) ?? message.content });
  };
  return (
    <span
      class="message-actions"
      role="toolbar"
      aria-label={`Actions at message ${position}`}
      onKeyDown={step}
    >
      {mayWrite && (
        <IconButton
          isFirst
          label="Fork here"
          onClick={() => dialogs.show({ kind: 'fork', tree, sessionId, message: { id, position } })}
        >
          <circle cx="4" cy="3" r="1.6" />
          <circle cx="4" cy="11" r="1.6" />
          <circle cx="10.5" cy="5.5" r="1.6" />
          <path d="M4 4.6v4.8M10.5 7.1c0 2-3 2-6.5 2" />
        </IconButton>
      )}
      {mayWrite && !isArchived && !isLast && (
        <IconButton
          label="Roll back here"
          onClick={() => dialogs.show({ kind: 'rollBack', tree, sessionId, message: { id, position } })}
        >
          <path d="M2.5 2.5v3.5h3.5M2.7 6a4.7 4.7 0 1 1-.2 2.6" />
        </IconButton>
      )}
      <IconButton
        isFirst={!mayWrite}
        label="Copy link"
        onClick={() => void copyText(linkTo(sessionAddress(tree.id, sessionId, id)), 'Copied the link')}
      >
        <path d="M6 8a2.5 2.5 0 0 0 3.6 0l2-2A2.5 2.5 0 0 0 8 2.5l-.8.8M8 6a2.5 2.5 0 0 0-3.6 0l-2 2A2.5 2.5 0 0 0 6 11.5l.8-.8" />
      </IconButton>
      <IconButton label="Copy as Markdown" onClick={() => void copyText(copy(), 'Copied the message')}>
        <rect x="4.5" y="4.5" width="7.5" height="7.5" rx="1.5" />
        <path d="M9.5 4.5v-1A1.5 1.5 0 0 0 8 2H3.5A1.5 1.5 0 0 0 2 3.5V8a1.5 1.5 0 0 0 1.5 1.5h1" />
      </IconButton>
    </span>
  );
}

/** Arrows lead through a toolbar, so that Tab leads on to the next message. */
function step(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return;
  const buttons = [...(event.currentTarget as Element).querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  buttons[(at + by + buttons.length) % buttons.length]?.focus();
  event.preventDefault();
}

interface IconButtonProps {
  readonly isFirst?: boolean;
  readonly label: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

function IconButton({ isFirst = false, label, onClick, children }: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      tabIndex={isFirst ? 0 : -1}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon stroke={1.2}>{children}</Icon>
    </button>
  );
}
