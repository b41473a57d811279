import { useState } from 'preact/hooks';
import { count } from '../parts/format.ts';
import { useObservable } from '../parts/observable.ts';
import { markdown } from '../transcript/markdown.ts';
import { MessageRow } from '../transcript/message-row.tsx';
import type { Side } from './comparison.ts';

/** Rows that are added at once. */
const PAGE = 50;

interface Props {
  readonly side: Side;
  readonly start: number;
  /** The position after the last one. */
  readonly end: number;
}

/** Messages of a history from a position on, page by page. */
export function SomeMessages({ side: { tree, transcript }, start, end }: Props) {
  useObservable(markdown);
  useObservable(tree);
  useObservable(transcript);
  const [shown, setShown] = useState(PAGE);
  const until = Math.min(start + shown, end);
  return (
    <>
      {Array.from({ length: Math.max(until - start, 0) }, (_, n) => (
        <MessageRow
          key={start + n}
          tree={tree}
          transcript={transcript}
          position={start + n}
          isTarget={false}
        />
      ))}
      {until < end && (
        <button type="button" class="chip column-end" onClick={() => setShown(shown + PAGE)}>
          {count(end - until)} more
        </button>
      )}
    </>
  );
}
