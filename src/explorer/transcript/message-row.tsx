import { addressBar, sessionAddress } from '../address.ts';
import { MessageActions } from '../doing/message-actions.tsx';
import type { MessageRowFragment } from '../generated/operations.ts';
import { clock, count, size } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { MessageText } from './message-text.tsx';
import type { OpenTranscript } from './open-transcript.ts';
import { ToolCalls, ToolResult } from './tool-calls.tsx';

interface Props {
  readonly tree: OpenTree;
  readonly transcript: OpenTranscript;
  readonly position: number;
  readonly isTarget: boolean;
}

/** What stands at a position of the history. */
export function MessageRow({ tree, transcript, position, isTarget }: Props) {
  const message = transcript.at(position);
  const place = { 'aria-posinset': position + 1, 'aria-setsize': transcript.length ?? -1 };
  if (message === null)
    return (
      <article class="message-row" {...place} aria-label={`Message ${position}, being read`}>
        <div class="message">
          <span class="who" />
          <div class="skeleton" style={{ height: 60 }} />
        </div>
      </article>
    );
  if (message === 'damaged')
    return (
      <article class="message-row" {...place} aria-label={`Message ${position}, damaged`}>
        <p class="event is-bad">#{count(position)} is damaged and cannot be shown</p>
      </article>
    );
  // Its call shows it.
  if (message.role === 'TOOL' && transcript.callOf(message))
    return <article {...place} aria-label={`Message ${position}`} />;
  if (message.role === 'EVENT') return <Event message={message} place={place} isTarget={isTarget} />;
  return (
    <article
      class={`message-row${isTarget ? ' is-target' : ''}`}
      {...place}
      aria-label={`Message ${position}`}
    >
      <div class="message">
        <Who message={message} />
        <div>
          <Head message={message} tree={tree} transcript={transcript} />
          {message.role === 'TOOL' ? (
            <ToolResult message={message} transcript={transcript} />
          ) : (
            <>
              {message.reasoning && <Reasoning text={message.reasoning} />}
              <MessageText message={message} transcript={transcript} />
              {message.toolCalls.length > 0 && (
                <ToolCalls message={message} tree={tree} transcript={transcript} />
              )}
            </>
          )}
        </div>
      </div>
    </article>
  );
}

const LETTERS = { USER: 'U', ASSISTANT: 'A', SYSTEM: 'S', TOOL: 'T', EVENT: 'E' };

function Who({ message: { role } }: { message: MessageRowFragment }) {
  return (
    <span class={role === 'ASSISTANT' ? 'who is-agent' : 'who'} aria-hidden="true">
      {LETTERS[role]}
    </span>
  );
}

/** Who speaks, what it cost, and where it stands. */
function Head({
  message,
  tree,
  transcript,
}: {
  message: MessageRowFragment;
  tree: OpenTree;
  transcript: OpenTranscript;
}) {
  const { sessionId } = transcript;
  const { role, name, usage, model, position, createdAt, isCopy, replacedAt, redactedAt } = message;
  const session = tree.rows.find(sessionId);
  const speaker = {
    ASSISTANT: session?.agentName ?? 'assistant',
    USER: 'user',
    SYSTEM: 'system',
    TOOL: 'tool',
    EVENT: '',
  }[role];
  const facts = [
    usage && `${count(usage.inputTokens)} in`,
    usage && usage.cacheReadTokens > 0 && `${count(usage.cacheReadTokens)} cached`,
    usage && `${count(usage.outputTokens)} out`,
    isCopy && 'copy',
    replacedAt && 'edited',
    redactedAt && 'redacted',
  ].filter(Boolean);
  return (
    <div class="message-head">
      <b>{visible(name ?? speaker)}</b>
      <span class="number cut" title={model ?? undefined}>
        {facts.join(' · ')}
      </span>
      <span class="grow" />
      <MessageActions tree={tree} transcript={transcript} message={message} />
      <Link class="number" to={sessionAddress(addressBar.now.rootId ?? tree.id, sessionId, message.id)}>
        #{count(position)} · <time dateTime={createdAt}>{clock(createdAt)}</time>
      </Link>
    </div>
  );
}

function Reasoning({ text }: { text: string }) {
  const whole = visible(text);
  return (
    <details class="reasoning">
      <summary>{whole.slice(0, 200)}</summary>
      <div>{whole}</div>
    </details>
  );
}

interface EventProps {
  readonly message: MessageRowFragment;
  readonly place: { readonly 'aria-posinset': number; readonly 'aria-setsize': number };
  readonly isTarget: boolean;
}

/** What nobody said: a compaction, an abort, an error. */
function Event({ message, place, isTarget }: EventProps) {
  const { kind, content, contentLength, createdAt, position, isError } = message;
  return (
    <article
      class={`message-row${isTarget ? ' is-target' : ''}`}
      {...place}
      aria-label={`Message ${position}, an event`}
    >
      <p class="event">
        <span class={isError ? 'is-bad' : undefined}>{visible(kind ?? 'event')}</span>
        {contentLength > 0 && <span class="cut">{visible(content.slice(0, 200))}</span>}
        {contentLength > 200 && <span>{size(contentLength)}</span>}
        <time dateTime={createdAt}>{clock(createdAt)}</time>
      </p>
    </article>
  );
}
