import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import type { Draft } from './drafts.ts';
import { Markdown } from './message-text.tsx';

interface Props {
  readonly draft: Draft;
  readonly tree: OpenTree;
  readonly sessionId: string;
}

/** What an agent is saying just now. */
export function DraftRow({ draft, tree, sessionId }: Props) {
  const speaker = tree.rows.find(sessionId)?.agentName ?? 'assistant';
  return (
    <article class="message-row" aria-label="Being said">
      <div class="message">
        <span class="who is-agent" aria-hidden="true">
          A
        </span>
        <div>
          <div class="message-head">
            <b>{visible(speaker)}</b>
            <span>says just now</span>
          </div>
          {draft.reasoning && <div class="reasoning">{visible(draft.reasoning)}</div>}
          <Markdown text={draft.content} isGrowing />
        </div>
      </div>
    </article>
  );
}
