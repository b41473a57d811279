import { useState } from 'preact/hooks';
import { sessionAddress } from '../address.ts';
import type { MessageRowFragment } from '../generated/operations.ts';
import { cost, counted, duration, nameOf, size } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { StatusMark, statusWords } from '../parts/marks.tsx';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { ReadWhole } from './message-text.tsx';
import type { OpenTranscript } from './open-transcript.ts';

type Call = MessageRowFragment['toolCalls'][number];
type Spawned = NonNullable<Call['session']>;

interface Props {
  readonly message: MessageRowFragment;
  readonly tree: OpenTree;
  readonly transcript: OpenTranscript;
}

/** The tool calls of a message, each folded to a line with its outcome, and the sessions that they spawned. */
export function ToolCalls({ message, tree, transcript }: Props) {
  return (
    <>
      <div class="folds">
        {message.toolCalls.map((call) => (
          <ToolCall key={call.toolCallId} call={call} calledAt={message.createdAt} transcript={transcript} />
        ))}
      </div>
      {message.toolCalls.map(({ toolCallId, session }) =>
        session ? <ChildCard key={toolCallId} session={session} tree={tree} /> : null,
      )}
    </>
  );
}

function ToolCall({
  call,
  calledAt,
  transcript,
}: {
  call: Call;
  calledAt: string;
  transcript: OpenTranscript;
}) {
  const [isOpen, setOpen] = useState(false);
  const { name, result } = call;
  const took = result ? Date.parse(result.createdAt) - Date.parse(calledAt) : 0;
  return (
    <details class="fold" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span class="chevron" aria-hidden="true" />
        <code>{visible(name)}</code>
        <span class="grow cut">{visible(summaryOf(call.arguments))}</span>
        {result?.isError ? <span class="is-bad">failed</span> : !result && <span>no result</span>}
        {result && <span class="number">{size(result.contentLength)}</span>}
        {took > 0 && <span class="number">{duration(took)}</span>}
      </summary>
      {isOpen && (
        <>
          {call.arguments != null && <pre>{visible(textOf(call.arguments))}</pre>}
          {result && <ResultText result={result} transcript={transcript} />}
        </>
      )}
    </details>
  );
}

function ResultText({
  result,
  transcript,
}: {
  result: NonNullable<Call['result']>;
  transcript: OpenTranscript;
}) {
  const text = transcript.wholeTextOf(result.id) ?? result.content;
  return (
    <>
      <pre class={result.isError ? 'is-bad' : undefined}>{visible(text)}</pre>
      {text.length < result.contentLength && <ReadWhole message={result} transcript={transcript} />}
    </>
  );
}

/** The result of a call that is not beside it. */
export function ToolResult({
  message,
  transcript,
}: {
  message: MessageRowFragment;
  transcript: OpenTranscript;
}) {
  const [isOpen, setOpen] = useState(false);
  const firstLine = message.content.trimStart().split('\n', 1)[0] ?? '';
  return (
    <div class="folds">
      <details class="fold" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span class="chevron" aria-hidden="true" />
          <code>{visible(message.name ?? message.toolCallId ?? 'result')}</code>
          <span class="grow cut">{visible(firstLine.slice(0, 200))}</span>
          {message.isError && <span class="is-bad">failed</span>}
          <span class="number">{size(message.contentLength)}</span>
        </summary>
        {isOpen && <ResultText result={message} transcript={transcript} />}
      </details>
    </div>
  );
}

/** A session, where it was spawned. It shows what the session does now. */
function ChildCard({ session, tree }: { session: Spawned; tree: OpenTree }) {
  const now = tree.rows.find(session.id);
  const { title, agentName, status, statusMessage, historyLength } = now ?? session;
  const costUsd = now ? tree.rows.sumsOf(session.id).costUsd : session.usage.costUsd;
  const facts = [agentName, statusWords(status), statusMessage].filter(Boolean).join(' · ');
  return (
    <Link
      class={`child-card ${status.toLowerCase()}`}
      to={sessionAddress(now ? tree.id : session.id, session.id)}
    >
      <StatusMark status={status} />
      <b class="cut">{visible(nameOf(title, tree.firstWordsOf(session.id)))}</b>
      <span class="number dim">
        {counted(historyLength, 'msg')}
        {costUsd === null ? '' : ` · ${cost(costUsd)}`}
      </span>
      <small class="cut">{visible(facts)}</small>
    </Link>
  );
}

/** Members of arguments that say the most, in this order. */
const TELLING = ['command', 'cmd', 'file_path', 'path', 'query', 'pattern', 'url', 'description', 'prompt'];

/** What a call is about, in a line. */
function summaryOf(args: unknown): string {
  if (args === null || args === undefined) return '';
  if (typeof args !== 'object') return String(args).slice(0, 200);
  const members = args as Record<string, unknown>;
  const telling = TELLING.map((name) => members[name]).find(
    (value) => typeof value === 'string' && value !== '',
  );
  return String(telling ?? JSON.stringify(args))
    .replace(/\s+/g, ' ')
    .slice(0, 200);
}

function textOf(args: unknown): string {
  return typeof args === 'string' ? args : JSON.stringify(args, null, 2);
}
